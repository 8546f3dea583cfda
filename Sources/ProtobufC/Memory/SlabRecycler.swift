/// Takes protobuf-c's scan slabs back and hands them out again.
///
/// `protobuf_c_message_unpack` notes the fields of a message in slabs of 1 KiB, 2 KiB, 4 KiB … once
/// there are more than 16, and frees them before it returns. Without this a list of a thousand
/// messages would leave a thousand slabs in the arena.
@safe
struct SlabRecycler {
  private static let smallestBits = 10
  private static let sizes = 12
  private static let capacity = 32

  /// For each size the slab that was given back last; its first word leads to the one before.
  private var free = unsafe InlineArray<12, UnsafeMutableRawPointer?>(repeating: nil)
  /// Slabs in use, oldest first. Those that find no room here are not recycled.
  private var places = unsafe InlineArray<32, UnsafeMutableRawPointer?>(repeating: nil)
  private var ranks = InlineArray<32, Int>(repeating: 0)
  private var used = 0
  private var isClean = true

  /// Whether protobuf-c could ask for a slab of this size.
  @inline(__always)
  static func isSlab(_ size: Int) -> Bool { size >= 1024 && size & (size &- 1) == 0 }

  /// A slab of that size that is free again.
  mutating func take(_ size: Int) -> UnsafeMutableRawPointer? {
    let rank = size.trailingZeroBitCount - Self.smallestBits
    guard rank < Self.sizes, let slab = unsafe free[rank] else { return nil }
    unsafe free[rank] = unsafe slab.load(as: UnsafeMutableRawPointer?.self)
    unsafe note(slab, size)
    return unsafe slab
  }

  /// Remembers the size of a slab that was handed out.
  mutating func note(_ slab: UnsafeMutableRawPointer, _ size: Int) {
    let rank = size.trailingZeroBitCount - Self.smallestBits
    guard rank < Self.sizes, used < Self.capacity else { return }
    isClean = false
    unsafe places[used] = unsafe slab
    ranks[used] = rank
    used += 1
  }

  /// Takes a slab back; does nothing with memory that is not a slab.
  mutating func giveBack(_ pointer: UnsafeMutableRawPointer) {
    var index = used - 1
    while index >= 0, unsafe places[index] != pointer { index -= 1 }
    guard index >= 0 else { return }
    unsafe pointer.storeBytes(of: free[ranks[index]], as: UnsafeMutableRawPointer?.self)
    unsafe free[ranks[index]] = unsafe pointer
    used -= 1
    unsafe places[index] = unsafe places[used]
    ranks[index] = ranks[used]
  }

  /// Forgets all slabs: the arena is about to take their memory back.
  mutating func forget() {
    if !isClean { self = SlabRecycler() }
  }
}
