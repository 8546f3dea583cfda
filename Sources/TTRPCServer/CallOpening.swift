internal import TTRPC

/// A call that is about to start.
struct CallOpening {
  /// The call, of whatever kind: each begins like a unary one.
  let call: UnaryCall
  let method: MethodTable.Entry
  /// What the Request frame said about more to come.
  let flags: FrameFlags

  var id: UInt32 { call.stream }
  var context: CallContext { call.context }
  /// The client may go on sending on the stream.
  var isOpen: Bool { method.clientStreams && flags.contains(.remoteOpen) }
}
