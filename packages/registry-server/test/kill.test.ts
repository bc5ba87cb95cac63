import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { startRegistry } from '../src/index.ts'
import { ask, pushBlob, sha, withQuery } from './client.ts'
import { temporaryFolder } from './storages.ts'

const bytes = randomBytes(8_000_000)
const digest = sha(bytes)

let child: ChildProcess | undefined
afterEach(() => void child?.kill('SIGKILL'))

async function serve(folder: string): Promise<URL> {
  const script = fileURLToPath(new URL('serve.ts', import.meta.url))
  child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('no output')
  const [line] = await once(createInterface(child.stdout), 'line')
  return new URL(String(line))
}

async function kill(): Promise<void> {
  if (child === undefined) throw new Error('not started')
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

test('a server killed in the middle of an upload is started again and the upload goes on', async () => {
  const folder = await temporaryFolder()
  const url = await serve(folder)
  await pushBlob(url, 'r', 'before')
  const opened = await ask(url, '/v2/r/blobs/uploads/', { method: 'POST' })
  const location = String(opened.headers.location)
  const sending = ask(url, location, { method: 'PATCH', body: bytes })
  sending.catch(() => {})
  const received = async (): Promise<number> => Number((await ask(url, location)).headers.range?.split('-')[1])
  await expect.poll(received, { interval: 20 }).toBeGreaterThan(2_000_000)
  await kill()
  await expect(sending).rejects.toThrow(/hang up|ECONNRESET|EPIPE/)

  const again = await serve(folder)
  expect((await ask(again, `/v2/r/blobs/${sha('before')}`)).body.toString()).toBe('before')
  const status = await ask(again, location)
  const offset = Number(status.headers.range?.split('-')[1]) + 1
  expect(offset).toBeGreaterThan(2_000_000)
  expect(offset).toBeLessThan(bytes.length)
  const headers = { 'content-range': `${offset}-${bytes.length - 1}` }
  const end = withQuery(status.headers.location, `digest=${digest}`)
  expect(await ask(again, end, { method: 'PUT', body: bytes.subarray(offset), headers })).toMatchObject({ status: 201 })
  expect((await ask(again, `/v2/r/blobs/${digest}`)).body.equals(bytes)).toBe(true)
})

test('what a client sent before it died is kept', async () => {
  await using server = await startRegistry()
  const opened = await ask(server.url, '/v2/r/blobs/uploads/', { method: 'POST' })
  const location = String(opened.headers.location)
  const socket = connect(Number(server.url.port), server.url.hostname)
  socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(500)}`)
  await expect.poll(() => server.requests.at(-1)?.bytesReceived).toBe(500)
  socket.destroy()
  await expect.poll(async () => (await ask(server.url, location)).headers.range).toBe('0-499')
  const rest = { method: 'PUT', body: 'y', headers: { 'content-range': '500-500' } }
  const end = withQuery(location, `digest=${sha(`${'x'.repeat(500)}y`)}`)
  expect(await ask(server.url, end, rest)).toMatchObject({ status: 201 })
})
