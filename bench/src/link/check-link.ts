import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { median } from '../report/statistics.ts'
import { startDelayHost } from './delay-host.ts'
import type { Link } from './lane.ts'

const EXCHANGES = 40
const SECONDS = 1.5
const UNLIMITED_BYTES = 1_000_000_000
const CONNECTIONS = [1, 8]

/** Measures with plain sockets what a link looks like, as lines of text: whether 30 ms are 30 ms. */
export async function* checkLink(link: Link): AsyncGenerator<string> {
  await using stack = new AsyncDisposableStack()
  const farEnd = new Worker(new URL('./far-end.ts', import.meta.url))
  stack.defer(async () => void (await farEnd.terminate()))
  const [target] = (await once(farEnd, 'message')) as [number]
  const host = stack.use(await startDelayHost())
  const { port } = await host.open({ ...link, port: target })
  yield `round trip, ms: ${spread(await exchanges(port, 'open'))}; with a new connection: ${spread(await exchanges(port, 'new'))}`
  for (const connections of CONNECTIONS) {
    for (const direction of ['send', 'receive'] as const) {
      const bytes = link.bytesPerSecond === Infinity ? UNLIMITED_BYTES / connections : link.bytesPerSecond * SECONDS
      const before = cpuSeconds(host.pid)
      const rates = await Promise.all(Array.from({ length: connections }, () => rate(port, direction, bytes)))
      const cpu = (cpuSeconds(host.pid) - before) / ((bytes * connections) / 1e9)
      const way = direction === 'send' ? 'down' : 'up'
      yield `${way}, MB/s of each of ${connections}: ${spread(rates)}; processor seconds of the proxy for each GB: ${cpu.toFixed(2)}`
    }
  }
}

async function exchanges(port: number, connection: 'open' | 'new'): Promise<readonly number[]> {
  const times: number[] = []
  let socket = await dial(port)
  await exchange(socket)
  for (let count = 0; count < EXCHANGES; count += 1) {
    const startedAt = performance.now()
    if (connection === 'new') {
      socket.destroy()
      socket = await dial(port)
    }
    await exchange(socket)
    times.push(performance.now() - startedAt)
  }
  socket.destroy()
  return times
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function exchange(socket: Socket): Promise<void> {
  socket.write('echo\n')
  await once(socket, 'data')
}

const BLOCK = Buffer.alloc(256 * 1024)

/** Megabytes a second from the first byte to the last, as the receiver sees them. */
async function rate(port: number, direction: 'send' | 'receive', bytes: number): Promise<number> {
  const answered = Promise.withResolvers<number>()
  const callback = (): boolean => {
    answered.resolve(performance.now())
    return true
  }
  const onread = { buffer: Buffer.alloc(1024 * 1024), callback }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  socket.write(`${direction} ${bytes}\n`)
  const startedAt = await answered.promise
  if (direction === 'receive') await upload(socket, bytes)
  await closed
  return bytes / 1000 / (performance.now() - startedAt)
}

async function upload(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0;) {
    const block = BLOCK.subarray(0, Math.min(left, BLOCK.byteLength))
    left -= block.byteLength
    if (!socket.write(block)) await once(socket, 'drain')
  }
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)})`
}

const TICKS_PER_SECOND = 100

/** User and system time of a process so far; NaN without /proc. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND // proc_pid_stat(5): utime, stime
  } catch {
    return Number.NaN
  }
}
