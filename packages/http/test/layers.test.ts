import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { failureText } from '../src/index.ts'
import { client, serve } from './harness.ts'

describe('warnings', () => {
  test('are passed on once each, bounded and escaped', async () => {
    const texts = [
      '299 - "moving \\"soon\\""',
      '299 - "\u009b31mred"',
      '199 - "not this"',
      '299 - unquoted',
      `299 - "${'x'.repeat(3000)}"`,
    ]
    const server = await serve((_request, response) => void response.setHeader('warning', texts).end())
    const http = client()
    await http.get(server.at('/'))
    await http.get(server.at('/'))
    const messages = http.events.map((event) => (event.type === 'note' ? event.message : ''))
    expect(messages.slice(0, 2)).toEqual([`${server.host} says: moving "soon"`, `${server.host} says: \\u{9b}31mred`])
    expect(messages).toHaveLength(3)
    expect(messages[2]?.length).toBeLessThan(600)
  })
})

describe('the queue of a host', () => {
  test('bounds what waits for an answer', async () => {
    const waiting: (() => void)[] = []
    let most = 0
    const server = await serve((request, response) => {
      if (request.url === '/first') {
        response.end()
        return
      }
      waiting.push(() => void response.end('x'))
      most = Math.max(most, waiting.length)
      if (waiting.length === 3) waiting.splice(0).forEach((answer) => answer())
    })
    const http = client({ requestsPerHost: 3 })
    await http.get(server.at('/first'))
    await Promise.all(Array.from({ length: 21 }, () => http.get(server.at('/'))))
    expect(most).toBe(3)
  })

  test('does not let a copy within one host block itself', async () => {
    const server = await serve((request, response) => {
      if (request.method === 'GET') response.end('12345')
      else request.on('end', () => response.writeHead(201).end()).resume()
    })
    const http = client({ requestsPerHost: 1 })
    const copy = (index: number) =>
      http.get(server.at(`/${index}`), {
        method: 'PUT',
        body: {
          size: 5,
          async *open() {
            yield* (await http.get(server.at(`/${index}`))).body
          },
        },
      })
    const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => copy(index)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
  })

  test('an abort leaves it', async () => {
    const server = await serve((request, response) => {
      if (request.url !== '/first') response.end()
    })
    const http = client({ requestsPerHost: 1, headersTimeoutMs: 100, maxAttempts: 1 })
    const first = http.get(server.at('/first'), { method: 'POST' }).catch(() => undefined)
    const abort = new AbortController()
    const second = http.get(server.at('/second'), { method: 'POST', signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await first
    expect(server.seen).toHaveLength(1)
  })
})

describe('failureText', () => {
  test.each([
    ['{"errors":[{"code":"DENIED","message":"no access"},{"code":"X"}]}', 'status 403: DENIED: no access; X'],
    ['{"details":"incorrect"}', 'status 403: incorrect'],
    ['{"error":"invalid_grant","error_description":"expired"}', 'status 403: invalid_grant: expired'],
    ['{"errors":[null,5,{"code":{}}]}', 'status 403: {"errors":[null,5,{"code":{}}]}'],
    ['{"errors":"x"}', 'status 403: {"errors":"x"}'],
    ['<html><body><h1>Forbidden</h1></body></html>', 'status 403: Forbidden'],
    ['plain\n text', 'status 403: plain text'],
    ['', 'status 403'],
    ['see https://u:secret@x/?token=abc', 'status 403: see https://…@x/?…'],
  ])('%s', async (body, text) => {
    const server = await serve((_request, response) => void response.writeHead(403).end(body))
    expect(await failureText(await client().get(server.at('/')))).toBe(text)
  })

  test('counts attempts and bounds the body', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(500)
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    const text = await failureText(await client().get(server.at('/')))
    expect(text).toMatch(/^status 500: x{200}… \(4096 characters\) \(after 4 attempts\)$/)
  })

  test('leaves out what the request proved its right with, and where an upload goes on', async () => {
    const server = await serve(({ headers }, response) => {
      if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
      else
        response.writeHead(403).end(`${headers.authorization.slice(6)} is user:horse-battery at /uploads/1?_state=abc`)
    })
    const http = client({ credentials: () => ({ username: 'user', password: 'horse-battery' }) })
    expect(await failureText(await http.get(server.at('/')))).toBe('status 403: … is user:… at /uploads/1?…')
  })
})

test('loading the package does not load undici', async () => {
  const script = `await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    console.log(process.moduleLoadList.some((name) => name.includes('undici')),
      Object.keys((await import('node:module')).default._cache).filter((name) => name.includes('undici')).length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout.trim()).toBe('false 0')
})
