import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RegistryServer, type RegistryTls, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { finishedCommand, runCommand } from '../src/command-in-process.ts'
import { commandProblems, layoutProblems } from '../src/command-problems.ts'
import { type Crossdock, createCrossdock, repositoryRoot } from '../src/crossdock.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PASSWORD = 'correct-horse-battery'
/** Certificates of one authority: a good one for this machine, one for another host, one that has expired. */
const CERTIFICATES = join(repositoryRoot, 'packages/http/test/fixtures/tls')
const TRUSTED = { NODE_EXTRA_CA_CERTS: join(CERTIFICATES, 'ca.crt') }

function pem(name: string): string {
  return readFileSync(join(CERTIFICATES, name), 'utf8')
}

interface Row {
  readonly what: string
  /** Default: the good one. */
  readonly cert?: 'server.crt' | 'other.crt' | 'expired.crt'
  readonly tls?: RegistryTls
  readonly flags?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** In the failure; undefined if it is to work. */
  readonly says?: RegExp | undefined
}

const UNSAFE = ['--src-tls-verify=false']

const ROWS: readonly Row[] = [
  { what: 'an authority that is known', env: TRUSTED },
  { what: 'an authority that nobody knows', says: /certificate is not trusted/ },
  { what: 'another host', cert: 'other.crt', env: TRUSTED, says: /certificate is for another host/ },
  { what: 'the past', cert: 'expired.crt', env: TRUSTED, says: /certificate has expired/ },
  { what: 'the past, which is accepted for this side', cert: 'expired.crt', flags: UNSAFE },
  { what: 'another host, which is accepted for this side', cert: 'other.crt', flags: UNSAFE },
  {
    what: 'an authority that nobody knows, which is accepted for the other side alone',
    flags: ['--dest-tls-verify=false'],
    says: /certificate is not trusted/,
  },
  {
    what: 'an authority that nobody knows, in an environment that accepts everything',
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    says: /certificate is not trusted/,
  },
  {
    what: 'the days of TLS 1.1',
    tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
    flags: UNSAFE,
    says: /speaks TLS 1\.1 or older/,
  },
  {
    what: 'a registry that wants one of the client, too',
    tls: { ca: pem('ca.crt'), requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
    flags: UNSAFE,
    says: /TLS refused by the server .*; it may want a client certificate/,
  },
]

describe('a certificate of', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    process.env['XDG_CACHE_HOME'] = fresh('cache')
    image = await writeLayout(fresh('image'), { layers: [30_000], content: 'random' })
  })
  afterAll(() => stack.disposeAsync())

  /** Copies from the registry, with credentials, which only a good end may see; says what is wrong. */
  async function problemsWith(host: string, { flags = [], env, code, says }: Expected): Promise<readonly string[]> {
    const layout = fresh('layout')
    const argv = ['copy', '--retry-times', '1', '--src-creds', `me:${PASSWORD}`, ...flags]
    const names = [`docker://${host}/app:1`, `oci:${layout}:here`]
    // Node.js reads the environment when it starts.
    const finished = await (env === undefined
      ? runCommand([...argv, ...names])
      : finishedCommand(await crossdock.run([...argv, ...names], { env })))
    return [
      ...commandProblems(finished, { code, says, secrets: [PASSWORD, `me:${PASSWORD}`] }),
      ...(await layoutProblems(layout, code === 0 ? image.digest : undefined)),
    ]
  }

  it.concurrent.each(ROWS)('$what', async ({ cert = 'server.crt', tls, says, ...how }) => {
    await using storage = await startRegistry()
    await runCommand(['copy', '-q', `oci:${image.folder}:latest`, `docker://${storage.host}/app:1`])
    await using server = await startRegistry({
      storage: storage.storage,
      tls: { key: pem('key.pem'), cert: pem(cert), ...tls },
      auth: { kind: 'basic', users: { me: PASSWORD } },
    })
    const code = says === undefined ? 0 : 6
    expect(await problemsWith(server.host, { ...how, code, says })).toStrictEqual([])
    const blobs = image.layers.length + 1
    expect(withCredentials(server).length).toBe(code === 0 ? blobs + 1 : 0)
  })

  describe('nobody: plain HTTP', () => {
    it('is spoken to this machine, by every name that says so', async () => {
      await using server = await startRegistry()
      await runCommand(['copy', '-q', `oci:${image.folder}:latest`, `docker://${server.host}/app:1`])
      for (const host of [server.host, `localhost:${server.url.port}`]) {
        expect(await problemsWith(host, { code: 0 })).toStrictEqual([])
      }
    })

    it('is not fallen back to elsewhere: nothing is asked, unless it is allowed', async () => {
      await using server = await startRegistry()
      await runCommand(['copy', '-q', `oci:${image.folder}:latest`, `docker://${server.host}/app:1`])
      // This machine as well, by a name that does not say so.
      const host = `0.0.0.0:${server.url.port}`
      const before = server.requests.length
      expect(await problemsWith(host, { code: 6, says: /does not speak TLS/ })).toStrictEqual([])
      expect(server.requests).toHaveLength(before)
      expect(await problemsWith(host, { code: 0, flags: UNSAFE })).toStrictEqual([])
    })
  })
})

interface Expected extends Pick<Row, 'flags' | 'env' | 'says'> {
  readonly code: number
}

function withCredentials({ requests }: RegistryServer): readonly string[] {
  return requests.filter(({ headers }) => headers.authorization !== undefined).map(({ path }) => path)
}
