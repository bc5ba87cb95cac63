import { type OnReadOpts, Socket } from 'node:net'

/**
 * An accepted connection (by a server with `pauseOnConnect`) as a socket that reads into buffers of its owner, which `connect`
 * has an option for and `createServer` has not. Reading begins with `resume`.
 */
export function withOwnBuffers(accepted: Socket, onread: OnReadOpts): Socket {
  const inner = accepted as unknown as { _handle: unknown }
  const options = { handle: inner._handle, onread, allowHalfOpen: true }
  inner._handle = null
  accepted.destroy()
  const socket = new Socket(options)
  socket.setNoDelay(true)
  return socket
}
