import Glibc

func processID() -> Int32 { getpid() }
func userID() -> UInt32 { getuid() }
