import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { buildImages, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { awsProblem } from '../../packages/http/test/aws-check.ts'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import type { FinishedProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const certificates = join(import.meta.dirname, 'fixtures/tls')
const user = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG', region: 'us-east-1' }
/** What shows that a request was signed, or could have been. */
const SIGNED = /authorization|x-amz|AKIAEXAMPLE/i

function pem(name: string): Buffer {
  return readFileSync(join(certificates, name))
}

interface Place {
  readonly port: number
  readonly seen: IncomingMessage[]
}

describe("archives in a bucket, with rkt's keys for it", () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let archive: Buffer
  /** Those of a layout with the image of the archive. */
  let names: ReadonlyMap<string, string>
  let bucket: Place
  let elsewhere: Place

  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Place> {
    const seen: IncomingMessage[] = []
    const server = createServer({ key: pem('key.pem'), cert: pem('server.crt') }, (request, response) => {
      seen.push(request)
      answer(request, response)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    stack.defer(() => server.closeAllConnections())
    stack.defer(() => void server.close())
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    return { port: address.port, seen }
  }

  /** What S3 does with a bucket that not everybody may read. */
  function asBucket(request: IncomingMessage, response: ServerResponse): void {
    const problem = awsProblem(request, user)
    const { pathname } = new URL(request.url ?? '', 'https://localhost')
    if (pathname === '/page') response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    else if (problem !== undefined) response.writeHead(403).end(`<Error><Code>${problem}</Code></Error>`)
    else if (pathname.endsWith('.asc')) response.writeHead(404).end()
    else if (pathname.startsWith('/moved')) {
      response.writeHead(307, { location: `https://localhost:${elsewhere.port}/app.aci` }).end()
    } else if (pathname.startsWith('/echo')) {
      const { authorization, 'x-amz-date': date } = request.headers
      response.writeHead(400).end(`${authorization} at ${String(date)} by ${user.secretAccessKey}`)
    } else response.end(archive)
  }

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    const [image] = await buildImages({ folder: fresh('images'), shapes: ['tiny'], scale: 0.01 })
    const file = fresh('app.aci')
    await crossdock.done(['copy', `oci:${image?.folder}:latest`, `aci:${file}:apps.test/app:1.0`])
    archive = await readFile(file)
    const expected = fresh('expected')
    await crossdock.done(['copy', `aci:${file}`, `oci:${expected}:here`])
    names = await namesIn(expected)
    bucket = await serve(asBucket)
    elsewhere = await serve((_request, response) => void response.end(archive))
    const folder = join(crossdock.env['CROSSDOCK_CONFIG_ROOT'] ?? '', 'etc/rkt/auth.d')
    await mkdir(folder, { recursive: true })
    const { accessKeyId: accessKeyID, secretAccessKey } = user
    const auth = { type: 'aws', credentials: { accessKeyID, secretAccessKey } }
    const domains = { domains: [`localhost:${bucket.port}`] }
    await writeFile(
      join(folder, 'bucket.json'),
      JSON.stringify({ rktKind: 'auth', rktVersion: 'v1', ...domains, ...auth }),
    )
  })
  beforeEach(() => {
    bucket.seen.length = 0
    elsewhere.seen.length = 0
  })
  afterAll(() => stack.disposeAsync())

  async function copy(path: string): Promise<FinishedProcess & { readonly layout: string; readonly said: string }> {
    const layout = fresh('copied')
    const from = `https://localhost:${bucket.port}/${path}`
    const finished = await crossdock.run([
      'copy',
      '--debug',
      '--src-cert-dir',
      certificates,
      from,
      `oci:${layout}:here`,
    ])
    return { ...finished, layout, said: `${finished.stdout.toString()}${finished.stderr}` }
  }

  async function expectCopied(path: string): Promise<string> {
    const { exitCode, layout, said } = await copy(path)
    expect([exitCode, said]).toEqual([0, said])
    expect(await namesIn(layout)).toStrictEqual(names)
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    return said
  }

  it.each(['app.aci', 'a%20folder/app%20(1)+é.aci?versionId=3%2Fx&acl'])('%s is copied', async (path) => {
    expect(await expectCopied(path)).not.toContain(user.secretAccessKey)
    expect(bucket.seen.length).toBeGreaterThan(0)
    expect(bucket.seen.map((request) => awsProblem(request, user)).filter(Boolean)).toEqual([])
  })

  it('another host is asked unsigned where the bucket leads there', async () => {
    await expectCopied('moved/app.aci')
    expect(elsewhere.seen.length).toBeGreaterThan(0)
    for (const { url, rawHeaders } of elsewhere.seen) expect(`${url} ${rawHeaders.join(' ')}`).not.toMatch(SIGNED)
  })

  it('neither key nor signature is shown when the bucket sends them back', async () => {
    const { exitCode, said } = await copy('echo/app.aci')
    expect(exitCode).toBe(5)
    expect(said).toContain('AKIAEXAMPLE')
    expect(said).not.toContain(user.secretAccessKey)
    const signatures = bucket.seen.map(({ headers }) => headers.authorization?.split('Signature=')[1] ?? '')
    expect(signatures).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    for (const signature of signatures) expect(said).not.toContain(signature)
  })

  it('the page of a name is asked for unsigned', async () => {
    const flags = ['--cert-dir', certificates, '--port', String(bucket.port)]
    const { exitCode, stdout, stderr } = await crossdock.run(['discover', 'localhost/page', ...flags])
    expect(exitCode).not.toBe(0)
    expect(`${stdout.toString()}${stderr}`).toMatch(/asks for credentials and there are none/)
    expect(bucket.seen.length).toBeGreaterThan(0)
    for (const { rawHeaders } of bucket.seen) expect(rawHeaders.join(' ')).not.toMatch(SIGNED)
  })
})
