import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { BufferPool } from '../link/buffer-pool.ts'
import type { Connection } from './connection.ts'
import type { Descriptor } from './documents.ts'
import { blobPath } from './layout.ts'
import { succeed } from './pool.ts'

const BLOCK_BYTES = 1024 * 1024

function verify(hash: Hash, { digest }: Descriptor): void {
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`${digest} has other content`)
}

/** From the network through the hash to the file, with nothing between. */
export async function fetchBlob(
  connection: Connection,
  repository: string,
  blob: Descriptor,
  folder: string,
): Promise<void> {
  const hash = createHash('sha256')
  const file = openSync(blobPath(folder, blob.digest), 'w')
  const take = (bytes: Buffer): boolean => {
    hash.update(bytes)
    writeSync(file, bytes)
    return false
  }
  await succeed(connection, { method: 'GET', path: `/v2/${repository}/blobs/${blob.digest}`, take })
  closeSync(file)
  verify(hash, blob)
}

/** From file to file through the hash. */
export function copyBlob(from: string, blob: Descriptor, to: string): void {
  const hash = createHash('sha256')
  const source = openSync(blobPath(from, blob.digest), 'r')
  const target = openSync(blobPath(to, blob.digest), 'w')
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  for (let bytes = readSync(source, block); bytes > 0; bytes = readSync(source, block)) {
    hash.update(block.subarray(0, bytes))
    writeSync(target, block, 0, bytes)
  }
  closeSync(source)
  closeSync(target)
  verify(hash, blob)
}

const UPLOAD_BLOCKS = 3

/** From the file to the network, unread: who receives it hashes it. */
export async function sendBlob(
  connection: Connection,
  repository: string,
  blob: Descriptor,
  folder: string,
): Promise<void> {
  const file = openSync(blobPath(folder, blob.digest), 'r')
  const send = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      const free = Array.from({ length: UPLOAD_BLOCKS }, () => Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, blob.size)))
      let [taken, written] = [0, 0]
      const go = (): void => {
        for (let block = free.pop(); block !== undefined && taken < blob.size; block = free.pop()) {
          const filled = block
          const bytes = readSync(file, filled)
          taken += bytes
          socket.write(filled.subarray(0, bytes), (error) => {
            if (error instanceof Error) return reject(error)
            written += bytes
            free.push(filled)
            return written === blob.size ? resolve() : go()
          })
        }
      }
      go()
    })
  await upload(connection, { repository, blob, send })
  closeSync(file)
}

const RELAY_BUFFERS = 8

/** From one registry to another through the hash, in the buffers that it was received in. */
export async function relayBlob(from: Connection, to: Connection, route: Relay): Promise<void> {
  const { blob, source, target, buffers } = route
  const hash = createHash('sha256')
  let held = 0
  const send = async (socket: Socket): Promise<void> => {
    const take = (bytes: Buffer, buffer: Buffer): boolean => {
      hash.update(bytes)
      held += 1
      if (held >= RELAY_BUFFERS) from.pause()
      socket.write(bytes, () => {
        buffers.giveBack(buffer)
        if (held === RELAY_BUFFERS) from.resume()
        held -= 1
      })
      return true
    }
    await succeed(from, { method: 'GET', path: `/v2/${source}/blobs/${blob.digest}`, take })
  }
  await upload(to, { repository: target, blob, send })
  verify(hash, blob)
}

interface Relay {
  readonly blob: Descriptor
  readonly source: string
  readonly target: string
  readonly buffers: BufferPool
}

interface Upload {
  readonly repository: string
  readonly blob: Descriptor
  readonly send: (socket: Socket) => Promise<void>
}

/** Two requests: one opens the upload, one is all of it. */
async function upload(connection: Connection, { repository, blob, send }: Upload): Promise<void> {
  const open = { method: 'POST', path: `/v2/${repository}/blobs/uploads/`, headers: { 'content-length': 0 } }
  const { headers } = await succeed(connection, open)
  const target = new URL(headers.get('location') ?? '', 'http://127.0.0.1')
  target.searchParams.set('digest', blob.digest)
  const path = target.pathname + target.search
  const bodyHeaders = { 'content-type': 'application/octet-stream', 'content-length': blob.size }
  await succeed(connection, { method: 'PUT', path, headers: bodyHeaders, send })
}
