import { readFileSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aciBytes } from '../src/aci-bytes.ts'
import { createCrossdock } from '../src/crossdock.ts'
import { startOpenProxy } from '../src/open-proxy.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const certificates = join(import.meta.dirname, 'fixtures/tls')
const TOP = aciBytes({ name: 'top.test/app', dependencies: [{ imageName: 'apps.test/base' }] })
const BASE = aciBytes({ name: 'apps.test/base' })
const PAGE = '<meta name="ac-discovery" content="apps.test https://apps.test/base.aci">'

const stack = new AsyncDisposableStack()
/** The host of each request, and whether it came with a password. */
const seen = new Map<string, boolean>()
let fresh: (name: string) => string
let host: string
let proxy: string

const answer: RequestListener = ({ url = '', headers }, response) => {
  const asked = headers.host ?? ''
  seen.set(asked, headers.authorization !== undefined || seen.get(asked) === true)
  if (url.endsWith('?ac-discovery=1')) response.end(PAGE)
  else if (url === '/top.aci') response.end(TOP)
  else if (url === '/base.aci') response.end(BASE)
  else response.writeHead(404).end()
}

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  const [key, cert] = ['key.pem', 'apps.crt'].map((name) => readFileSync(join(certificates, name)))
  const server = createServer({ key, cert }, answer)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => server.closeAllConnections())
  stack.defer(() => void server.close())
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  proxy = stack.use(await startOpenProxy(host)).url
})
afterAll(() => stack.disposeAsync())

it.each([
  ['a URL', () => `https://${host}/top.aci`, () => ({ [host]: true, 'apps.test': false })],
  ['a name', () => 'appc:apps.test/base', () => ({ 'apps.test': true })],
])('credentials that are given go to the host in %s, and to none that an archive names', async (_what, name, told) => {
  seen.clear()
  const machine = await createCrossdock(fresh('home'), { HTTPS_PROXY: proxy })
  const folder = fresh('certificates')
  await mkdir(folder)
  await copyFile(join(certificates, 'apps.crt'), join(folder, 'ca.crt'))
  await machine.done(['fetch', '-q', '--creds', 'me:secret', '--cert-dir', folder, name()])
  expect(Object.fromEntries(seen)).toEqual(told())
})
