/// Whether two byte strings are equal, in a time that depends on their lengths only.
///
/// For secrets, digests and signatures. The lengths themselves are no secret.
@inline(never)
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in left.indices { difference |= left[index] ^ right[index] }
  return difference == 0
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  constantTimeEquals(left.span, right.span)
}

/// Overwrites a buffer with zeros before it is given back.
///
/// Never inlined, so that the optimiser cannot see that nobody reads the buffer again and drop the
/// stores. The caller must hold the only reference, otherwise the copy is wiped and not the secret.
@inline(never)
package func wipe(_ bytes: inout [UInt8]) {
  for index in bytes.indices { bytes[index] = 0 }
}
