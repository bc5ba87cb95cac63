/** The far end for check-link.ts, as a worker: whoever connects says what it wants in its first line. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { withOwnBuffers } from './own-buffers.ts'

const BLOCK = Buffer.alloc(1024 * 1024)

function serve(accepted: Socket): void {
  let what = ''
  let left = 0
  const buffer = Buffer.alloc(1024 * 1024)
  const callback = (bytes: number): boolean => {
    if (what === '') {
      const [word = '', number] = buffer.toString('latin1', 0, bytes).trim().split(' ')
      what = word
      left = Number(number)
      if (what === 'send') send(socket, left)
      else socket.write('ready')
    } else if (what === 'echo') socket.write('again')
    else if ((left -= bytes) <= 0) socket.end('done')
    return true
  }
  const socket = withOwnBuffers(accepted, { buffer, callback })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.resume()
}

function send(socket: Socket, bytes: number): void {
  let left = bytes
  const go = (): void => {
    let open = true
    while (open && left > 0) {
      const block = BLOCK.subarray(0, Math.min(left, BLOCK.byteLength))
      left -= block.byteLength
      open = socket.write(block)
    }
    if (left > 0) socket.once('drain', go)
    else socket.end()
  }
  go()
}

const server = createServer({ pauseOnConnect: true }, serve)
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port, []))
