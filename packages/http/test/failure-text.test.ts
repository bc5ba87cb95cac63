import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { failureText } from '../src/index.ts'
import { client, serve } from './harness.ts'

async function told(body: Uint8Array | string): Promise<string> {
  const server = await serve((_request, response) => void response.writeHead(418).end(body))
  return await failureText(await client().get(server.at('/')))
}

test.each([
  ['a blob', gzipSync('content of a layer')],
  ['zeros', new Uint8Array(8)],
  ['another encoding', Buffer.from('caf\u00e9 ferm\u00e9', 'latin1')],
])('%s in the place of a message is left out', async (_what, body) => {
  expect(await told(body)).toBe('status 418')
})

test.each([
  ['text', 'brewing', 'brewing'],
  ['text that is cut off within a character', Buffer.from('th\u00e9').subarray(0, 3), 'th'],
  ['a page', '<html><title>teapot</title></html>', 'teapot'],
  ["a registry's own words", '{"errors":[{"code":"TEAPOT","message":"short and stout"}]}', 'TEAPOT: short and stout'],
])('%s is told', async (_what, body, says) => {
  expect(await told(body)).toContain(says)
})
