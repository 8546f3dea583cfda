internal import CProtobufC
import Glibc

/// Memory for one message at a time: handed out by moving a cursor, given back all at once.
///
/// Chunks come from `malloc` and are given to `free` in ``release(to:)``; one chunk of at most
/// ``retainedBytes`` stays for the next message, so a steady stream of messages allocates nothing.
/// An arena belongs to one thread (``ThreadArena``).
@safe
struct Arena: ~Copyable {
  /// The most memory an idle arena keeps, in bytes.
  static let retainedBytes = 256 * 1024
  /// The size of the first chunk of a new arena, in bytes.
  static let firstChunkBytes = 16 * 1024
  /// Chunks stop doubling at this size, in bytes.
  static let largestStep = 1024 * 1024
  /// What every piece of memory is aligned to, in bytes: no member of a C message needs more.
  static let alignment = 8

  /// Where an arena stood when a scope began.
  @safe
  struct Mark {
    let chunk: UnsafeMutablePointer<ArenaChunk>?
    let cursor: UnsafeMutableRawPointer?
    let bytesLeft: Int
    let allocationsLeft: Int
    let hasFailed: Bool
  }

  private var chunk: UnsafeMutablePointer<ArenaChunk>?
  private var cursor: UnsafeMutableRawPointer?
  private var end: UnsafeMutableRawPointer?
  /// Bytes that may still be handed out; what is given back early is not counted again.
  private var bytesLeft = Int.max
  /// Pieces that may still be handed out.
  private var allocationsLeft = Int.max
  /// Whether a piece was refused in this scope. Nothing is handed out after that.
  private(set) var hasFailed = false
  /// Scopes open now.
  private var depth = 0
  private var nextFirstChunkBytes = Arena.firstChunkBytes
  private var slabs = SlabRecycler()

  /// Chunks taken from `malloc` since the thread began.
  private(set) var chunksTaken = 0
  /// Bytes taken from `malloc` since the thread began.
  private(set) var bytesTaken = 0
  /// Bytes held from `malloc` now.
  private(set) var bytesHeld = 0
  /// Gives each piece its own chunk, so that an address sanitizer sees where a piece ends.
  var isolatesPieces = false
  /// The first thing that could not be encoded in this scope.
  var violation: FieldViolation?

  init() {}

  deinit {
    var next = unsafe chunk
    while let chunk = unsafe next {
      unsafe next = unsafe chunk.pointee.older
      unsafe free(chunk)
    }
    ThreadArena.noteFreed()
  }

  /// Begins a scope that may take `bytes` in `allocations` pieces.
  mutating func mark(bytes: Int, allocations: Int) -> Mark {
    depth += 1
    let mark = unsafe Mark(
      chunk: chunk, cursor: cursor, bytesLeft: bytesLeft, allocationsLeft: allocationsLeft,
      hasFailed: hasFailed)
    bytesLeft = bytes
    allocationsLeft = allocations
    hasFailed = false
    return mark
  }

  /// Ends the scope: everything handed out since the mark is invalid.
  mutating func release(to mark: Mark) {
    bytesLeft = mark.bytesLeft
    allocationsLeft = mark.allocationsLeft
    hasFailed = mark.hasFailed
    violation = nil
    slabs.forget()
    depth -= 1
    if depth == 0 { return releaseAll() }
    while let newest = unsafe chunk, unsafe newest != mark.chunk { unsafe drop(newest) }
    unsafe cursor = unsafe mark.cursor
  }

  /// Ends the outermost scope, keeping one chunk.
  private mutating func releaseAll() {
    guard let newest = unsafe chunk else { return }
    let wanted = bytesHeld
    if unsafe newest.pointee.older == nil, wanted <= Arena.retainedBytes, !isolatesPieces {
      unsafe cursor = unsafe newest.begin
      return
    }
    while let newest = unsafe chunk { unsafe drop(newest) }
    unsafe cursor = nil
    unsafe end = nil
    // The next message of this size fits into its first chunk.
    nextFirstChunkBytes = min(max(wanted, Arena.firstChunkBytes), Arena.retainedBytes)
  }

  private mutating func drop(_ newest: UnsafeMutablePointer<ArenaChunk>) {
    bytesHeld -= unsafe newest.pointee.capacity
    unsafe chunk = unsafe newest.pointee.older
    unsafe end = unsafe chunk.map { unsafe $0.end }
    unsafe free(newest)
  }

  /// Hands out memory that is not set to zero; nil when the scope's limits or the system refuse.
  @inline(__always)
  mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    // A size above Int.max arrives as a negative number.
    guard size >= 0, size <= bytesLeft, allocationsLeft > 0 else { return unsafe refuse() }
    allocationsLeft &-= 1
    if SlabRecycler.isSlab(size), let slab = unsafe slabs.take(size) { return unsafe slab }
    let (padded, overflows) = size.addingReportingOverflow(Arena.alignment - 1)
    if overflows { return unsafe refuse() }
    let rounded = padded & ~(Arena.alignment - 1)
    bytesLeft = max(bytesLeft &- rounded, 0)
    if let place = unsafe cursor, let end = unsafe end, unsafe end - place >= rounded {
      unsafe cursor = unsafe place + rounded
      if SlabRecycler.isSlab(size) { unsafe slabs.note(place, size) }
      return unsafe place
    }
    return unsafe allocateInNewChunk(isolatesPieces ? size : rounded)
  }

  /// Nothing more is handed out in this scope.
  private mutating func refuse() -> UnsafeMutableRawPointer? {
    hasFailed = true
    allocationsLeft = 0
    return nil
  }

  private mutating func allocateInNewChunk(_ rounded: Int) -> UnsafeMutableRawPointer? {
    let step =
      unsafe chunk.map { unsafe min($0.pointee.capacity * 2, Arena.largestStep) }
      ?? nextFirstChunkBytes
    let (needed, overflows) = rounded.addingReportingOverflow(ArenaChunk.headerBytes)
    let capacity = isolatesPieces ? needed : max(needed, step)
    guard !overflows, let memory = unsafe malloc(capacity) else {
      return unsafe refuse()
    }
    let newest = unsafe memory.bindMemory(to: ArenaChunk.self, capacity: 1)
    unsafe newest.initialize(to: ArenaChunk(older: chunk, capacity: capacity))
    unsafe chunk = unsafe newest
    chunksTaken += 1
    bytesTaken += capacity
    bytesHeld += capacity
    unsafe end = unsafe newest.end
    let place = unsafe newest.begin
    unsafe cursor = unsafe place + rounded
    if SlabRecycler.isSlab(rounded) { unsafe slabs.note(place, rounded) }
    return unsafe place
  }

  /// Takes back a scan slab of protobuf-c for the next one; everything else waits for the release.
  mutating func giveBack(_ pointer: UnsafeMutableRawPointer) {
    // After a refusal protobuf-c frees what it built, piece by piece: the release is sooner.
    if !hasFailed { unsafe slabs.giveBack(pointer) }
  }

  /// Makes the next scope forget slabs: each unpacking has its own.
  mutating func forgetSlabs() { slabs.forget() }
}

/// The head of a piece of memory from `malloc`, in front of what is handed out.
@safe
struct ArenaChunk {
  static let headerBytes = 16

  let older: UnsafeMutablePointer<ArenaChunk>?
  /// With the head, in bytes.
  let capacity: Int
}

extension UnsafeMutablePointer<ArenaChunk> {
  /// The first byte behind the head.
  var begin: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(self) + ArenaChunk.headerBytes
  }

  /// Behind the last byte.
  var end: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(self) + pointee.capacity
  }
}
