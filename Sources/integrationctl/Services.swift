import ArgumentParser
import IntegrationAPI
import TTRPC

struct Services: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List every service and method of the contract.",
    discussion: "Answers from the descriptors in this program; no daemon is asked.")
  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    if connection.json {
      let services = ServiceCatalogue.all.map { service in
        let methods = service.methods.map { "\"\($0.name.method)\"" }.joined(separator: ",")
        return "\"\(service.name)\":[\(methods)]"
      }
      try print("{\(services.joined(separator: ","))}")
      return
    }
    var table = Table("METHOD", "KIND", "DOES")
    for service in ServiceCatalogue.all {
      for method in service.methods {
        table.add(
          method.name.description, method.kind.words,
          Documentation.firstSentence(method.documentation))
      }
    }
    try print(table.text(ifEmpty: "no services"))
  }
}
