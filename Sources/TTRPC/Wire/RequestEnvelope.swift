/// The data of a Request frame (`ttrpc.Request`), read in place: names and payload stay where they
/// are and are named by their offsets.
package struct RequestEnvelope: Equatable, Sendable {
  /// Full name of the service.
  package var service: Range<Int> = 0..<0
  /// Name of the method.
  package var method: Range<Int> = 0..<0
  /// The serialized request message.
  package var payload: Range<Int> = 0..<0
  /// Time the caller allows, in nanoseconds. 0: the server's default.
  package var timeoutNanoseconds: Int64 = 0
  /// Whether there is metadata; ``metadata(_:limits:)`` reads it.
  package private(set) var hasMetadata = false
  private var extent: Range<Int>

  /// Most fields, pairs of metadata among them: four megabytes of empty ones take long to read.
  private static let maxFields = 1_024

  /// Why the data of a Request frame was refused. The text is for the caller.
  package struct Malformed: Error, Equatable { package let message: String }

  /// Reads the envelope that stands in `range`. Of a field that comes twice the last one counts
  /// (protobuf.dev, "Last One Wins").
  package init(_ bytes: Span<UInt8>, in range: Range<Int>) throws(Malformed) {
    extent = range
    var reader = WireReader(range)
    var unknown = 0
    var fields = 0
    do {
      while !reader.isAtEnd {
        fields += 1
        guard fields <= Self.maxFields else { throw WireReader.Failure.tooManyFields }
        let (number, wireType) = try reader.tag(bytes)
        switch number {
        case 1: service = try reader.lengthDelimited(bytes, wireType)
        case 2: method = try reader.lengthDelimited(bytes, wireType)
        case 3: payload = try reader.lengthDelimited(bytes, wireType)
        case 4:
          guard wireType == 0 else { throw WireReader.Failure.badWireType }
          timeoutNanoseconds = Int64(bitPattern: try reader.varint(bytes))
        case 5:
          hasMetadata = true
          _ = try reader.lengthDelimited(bytes, wireType)
        default:
          unknown += 1
          guard unknown <= 64 else { throw WireReader.Failure.badTag }
          try reader.skip(bytes, wireType)
        }
      }
    } catch {
      throw Malformed(message: "the frame does not hold a ttrpc.Request (\(error))")
    }
  }

  /// Copies the metadata out.
  /// - Throws: when there are more than `maxEntries` pairs or more than `maxBytes` of text, or when
  ///   a pair is malformed or not UTF-8.
  package func metadata(
    _ bytes: Span<UInt8>, maxEntries: Int, maxBytes: Int
  ) throws(Malformed) -> Metadata {
    var metadata = Metadata()
    guard hasMetadata else { return metadata }
    var reader = WireReader(extent)
    var size = 0
    do {
      while !reader.isAtEnd {
        let (number, wireType) = try reader.tag(bytes)
        guard number == 5 else {
          try reader.skip(bytes, wireType)
          continue
        }
        let entry = try reader.lengthDelimited(bytes, wireType)
        size += entry.count
        guard metadata.entries.count < maxEntries, size <= maxBytes else {
          throw Malformed(
            message: "metadata is limited to \(maxEntries) pairs and \(maxBytes) bytes")
        }
        let (key, value) = try Self.pair(bytes, in: entry)
        metadata.append(value, for: key)
      }
    } catch let malformed as Malformed {
      throw malformed
    } catch {
      throw Malformed(message: "malformed metadata (\(error))")
    }
    return metadata
  }

  private static func pair(
    _ bytes: Span<UInt8>, in range: Range<Int>
  ) throws -> (key: String, value: String) {
    var reader = WireReader(range)
    var key = 0..<0
    var value = 0..<0
    while !reader.isAtEnd {
      let (number, wireType) = try reader.tag(bytes)
      switch number {
      case 1: key = try reader.lengthDelimited(bytes, wireType)
      case 2: value = try reader.lengthDelimited(bytes, wireType)
      default: try reader.skip(bytes, wireType)
      }
    }
    return (try text(bytes, key), try text(bytes, value))
  }

  private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) throws -> String {
    guard !range.isEmpty else { return "" }
    guard let text = String(validating: bytes.extracting(range)) else {
      throw Malformed(message: "metadata is not UTF-8")
    }
    return text
  }
}
