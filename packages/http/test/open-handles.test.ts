import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { bytesOf, client, failureOf, serve } from './harness.ts'

// Alone in its file, which has a process of its own: nothing else has sockets here.
function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Connect/.test(name)).length
}

test('close leaves no socket and no timer, whatever was under way', async () => {
  const before = connections()
  const server = await serve((request, response) => {
    if (request.url === '/body') response.write('x')
    else if (request.url === '/small') response.end('x')
    else if (request.url === '/endless') response.write('x')
  })
  const http = client()
  await bytesOf((await http.get(server.at('/small'))).body)
  const reading = await http.get(server.at('/body'))
  await (await http.get(server.at('/endless'))).discard()
  const waiting = failureOf(http.get(server.at('/head'), { method: 'POST' }))
  const connecting = failureOf(
    http.get(new URL('/', server.at('/').href.replace('http:', 'https:')), { method: 'POST' }),
  )
  await new Promise((resolve) => setImmediate(resolve))
  await http.close()
  expect(await failureOf(bytesOf(reading.body))).toMatchObject({
    retryable: false,
    message: expect.stringMatching(/the client was closed/),
  })
  expect(await waiting).toMatchObject({ retryable: false, message: expect.stringMatching(/the client was closed/) })
  expect(await connecting).toMatchObject({ code: 'UNAVAILABLE' })
  await server.close()
  // Handles take a few turns of the event loop to go.
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(connections()).toBe(before)
})

test('a connection that nobody uses does not keep the process alive', async () => {
  const server = await serve((_request, response) => void response.end('x'))
  const program = `
    const { createHttpClient } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    const client = createHttpClient({ env: {} })
    const url = new URL(${JSON.stringify(server.url.href)})
    const send = () => client.request({ method: 'GET', url, what: 'x' })
    client.warm(url, 3)
    for await (const chunk of (await send()).body) chunk.byteLength
    await (await send()).discard()
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
  onTestFinished(() => void child.kill())
  const startedAt = performance.now()
  expect(await once(child, 'exit')).toEqual([0, null])
  // Well before the ten seconds for which it would be kept.
  expect(performance.now() - startedAt).toBeLessThan(8000)
  expect(server.seen).toHaveLength(2)
})
