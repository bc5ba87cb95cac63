import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXIT } from '../../src/exit-codes.ts'
import { callMain, type Called } from '../call-main.ts'

const PAGE = `<!DOCTYPE html><html><head>
  <meta name="ac-discovery" content="localhost https://storage.example.com/{name}-{version}-{os}.{ext}">
  <meta name="ac-discovery" content="localhost http://10.0.0.1/\u{1b}[2J{name}.{ext}">
  <meta name="ac-discovery-pubkeys" content="localhost https://keys.example.com/a.gpg">
</head><body></body></html>`

const server = createServer(({ url }, response) => {
  if (url === '/app?ac-discovery=1') response.end(PAGE)
  else response.writeHead(404).end()
})
let port: number

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(() => void server.close())

function discover(name: string, ...flags: readonly string[]): Promise<Called> {
  return callMain(['discover', '--port', String(port), '--tls-verify=false', '--retry-times', '0', ...flags, name])
}

test.each(['localhost/app/sub:1.2,os=linux', 'appc:localhost/app/sub:1.2,os=linux'])(
  '%s: pages, archives and keys',
  async (name) => {
    const { stdout, exitCode } = await discover(name)
    expect(exitCode).toBe(EXIT.done)
    expect(stdout).toContain(`page http://localhost:${port}/app/sub?ac-discovery=1\n  the discovery page`)
    expect(stdout).toContain(
      `page http://localhost:${port}/app?ac-discovery=1\n  archives of localhost: https://storage`,
    )
    expect(stdout).toContain('not used: a tag: http://10.0.0.1/')
    expect(stdout).not.toContain('\u{1b}')
    expect(stdout).toContain(
      '\narchive https://storage.example.com/localhost/app/sub-1.2-linux.aci\n' +
        '  signature https://storage.example.com/localhost/app/sub-1.2-linux.aci.asc\n' +
        'keys https://keys.example.com/a.gpg\n',
    )
  },
)

test('as JSON', async () => {
  const { stdout } = await discover('localhost/app,os=linux', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'localhost/app',
    labels: { os: 'linux' },
    pages: [
      { problem: { code: 'UNAVAILABLE' } },
      { tags: [{ kind: 'archives' }, { kind: 'archives' }, { kind: 'keys' }] },
    ],
    archives: [{ url: 'https://storage.example.com/localhost/app-latest-linux.aci' }],
    keys: ['https://keys.example.com/a.gpg'],
  })
})

test('a name that leads nowhere', async () => {
  const { stdout, stderr, exitCode } = await discover('localhost/other')
  expect(exitCode).not.toBe(EXIT.done)
  expect(stdout).toContain(`page http://localhost:${port}/?ac-discovery=1`)
  expect(stderr).toContain('no image is found by the name localhost/other')
})

test.each(['Example.com/app', 'a/../b', '1/app'])('%s is refused', async (name) => {
  const { exitCode, stderr } = await discover(name)
  expect(exitCode).not.toBe(EXIT.done)
  expect(stderr).toMatch(/is no name|no host's name/)
})
