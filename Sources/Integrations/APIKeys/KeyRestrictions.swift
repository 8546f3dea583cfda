internal import KeyRules
internal import NetworkAddress
internal import Synchronization

/// Where and for what a key may be used, compiled. A stored text that no longer compiles admits
/// nothing.
struct KeyRestrictions: Sendable {
  private let endpointTexts: [String]
  private let addressTexts: [String]
  private let endpoints: [EndpointPattern]
  private let addresses: CIDRSet

  init(endpoints: [String], addresses: [String]) {
    endpointTexts = endpoints
    addressTexts = addresses
    self.endpoints = endpoints.compactMap { text in
      do throws(EndpointPatternError) {
        return try EndpointPattern(text)
      } catch {
        return nil
      }
    }
    self.addresses = CIDRSet(
      addresses.compactMap { text in
        do throws(CIDRError) {
          return try CIDRBlock(text)
        } catch {
          return nil
        }
      })
  }

  func isOf(endpoints: [String], addresses: [String]) -> Bool {
    endpointTexts == endpoints && addressTexts == addresses
  }

  func admits(address: IPAddress) -> Bool { addresses.contains(address) }

  func admits(endpoint text: String) -> Bool {
    guard let endpoint = Endpoint(text) else { return false }
    return endpoints.contains { $0.matches(endpoint) }
  }
}

/// Keeps what was compiled for the next verification of the same key.
///
/// Bounded; when it is full it starts over. What it holds for a key counts only while the stored
/// texts are the same, so a change of the key is obeyed at once.
final class KeyRestrictionsCache: Sendable {
  private static let capacity = 10_000
  private let compiled = Mutex<[LimitSubject: KeyRestrictions]>([:])

  func restrictions(of key: PresentedAPIKey) -> KeyRestrictions {
    let subject = LimitSubject(tenant: key.tenant, key: key.id)
    let (endpoints, addresses) = (key.allowedEndpoints, key.allowedIPAddresses)
    let known = compiled.withLock { $0[subject] }
    if let known, known.isOf(endpoints: endpoints, addresses: addresses) { return known }
    let fresh = KeyRestrictions(endpoints: endpoints, addresses: addresses)
    compiled.withLock { compiled in
      if compiled.count >= Self.capacity { compiled.removeAll(keepingCapacity: true) }
      compiled[subject] = fresh
    }
    return fresh
  }
}
