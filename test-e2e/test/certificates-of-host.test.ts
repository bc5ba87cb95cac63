import { copyFile, mkdir } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RegistryTls, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { repositoryRoot } from '../src/crossdock.ts'
import { runProcess } from '../src/start-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** Certificates of one authority, which nobody knows: of this machine, and of a client. */
const CERTIFICATES = join(repositoryRoot, 'packages/http/test/fixtures/tls')
const pem = (name: string): string => readFileSync(join(CERTIFICATES, name), 'utf8')
const WANTS_CLIENT: RegistryTls = { ca: pem('ca.crt'), requestCert: true, rejectUnauthorized: true }

const AUTHORITY = { 'ca.crt': 'ca.crt' }
const BOTH = { ...AUTHORITY, 'me.cert': 'client.crt', 'me.key': 'key.pem' }

type Files = Readonly<Record<string, string>>

describe('certs.d', () => {
  const stack = new AsyncDisposableStack()
  let folder: TemporaryFolder
  let image: WrittenImage

  beforeAll(async () => {
    folder = stack.use(await temporaryFolder())
    image = await writeLayout(folder.fresh('image'), { layers: [3000], content: 'random' })
  })
  afterAll(() => stack.disposeAsync())

  /** A registry with an image, behind TLS. */
  async function serve(tls: RegistryTls = {}) {
    const owner = new AsyncDisposableStack()
    const plain = owner.use(await startRegistry())
    await runCommand(['copy', '-q', `oci:${image.folder}:latest`, `docker://${plain.host}/app:1`])
    const { host } = owner.use(
      await startRegistry({
        storage: plain.storage,
        tls: { key: pem('key.pem'), cert: pem('server.crt'), ...tls },
      }),
    )
    return { host, [Symbol.asyncDispose]: () => owner.disposeAsync() }
  }

  /** A home with a folder of certificates for the registry. */
  async function homeWith(path: string, files: Files): Promise<string> {
    const home = folder.fresh('home')
    await mkdir(join(home, path), { recursive: true })
    for (const [name, from] of Object.entries(files)) {
      await copyFile(join(CERTIFICATES, from), join(home, path, name))
    }
    return home
  }

  it.each<[string, string, Files, RegistryTls | undefined]>([
    ['of the user', '.config/containers/certs.d', AUTHORITY, undefined],
    ['of the machine', 'etc/containers/certs.d', AUTHORITY, undefined],
    ['of Docker', 'etc/docker/certs.d', AUTHORITY, undefined],
    ['with a certificate of the client', '.config/containers/certs.d', BOTH, WANTS_CLIENT],
  ])('%s just works', async (_, path, files, tls) => {
    await using server = await serve(tls)
    const home = await homeWith(join(path, server.host), files)
    const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home }
    const { stderr, stdout } = await runCommand(['inspect', '--raw', `docker://${server.host}/app:1`], { env })
    expect(stderr).toBe('')
    expect(stdout).toContain('schemaVersion')
    const without = await runCommand(['inspect', '--raw', `docker://${server.host}/app:1`])
    expect(without.failure).toMatch(/certificate is not trusted/)
  })

  it('counts for its registry alone, and less than the flag', async () => {
    await using server = await serve()
    await using other = await serve()
    const home = await homeWith(join('.config/containers/certs.d', server.host), AUTHORITY)
    const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home }
    const stranger = await runCommand(['inspect', '--raw', `docker://${other.host}/app:1`], { env })
    expect(stranger.failure).toMatch(/certificate is not trusted/)
    const empty = await homeWith('certs', { 'wrong.crt': 'other.crt' })
    const flags = ['--cert-dir', join(empty, 'certs')]
    const chosen = await runCommand(['inspect', '--raw', ...flags, `docker://${server.host}/app:1`], { env })
    expect(chosen.failure).toMatch(/certificate is not trusted/)
  })

  it('with half a pair stops everything, and says what is missing', async () => {
    await using server = await serve()
    const home = await homeWith(join('.config/containers/certs.d', server.host), { 'me.cert': 'client.crt' })
    const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home }
    const { failure } = await runCommand(['inspect', `docker://${server.host}/app:1`], { env })
    expect(failure).toMatch(/has "me\.cert", but not its \.key/)
  })

  withPeers(['skopeo'], ({ skopeo }) => {
    it('is the same folder as for skopeo', async () => {
      await using server = await serve(WANTS_CLIENT)
      const home = await homeWith(join('.config/containers/certs.d', server.host), BOTH)
      const name = `docker://${server.host}/app:1`
      const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home }
      const theirs = await runProcess([skopeo, 'inspect', '--raw', name], { env: { PATH: '', HOME: home } })
      const ours = await runCommand(['inspect', '--raw', name], { env })
      expect(theirs.stderr).toBe('')
      expect(ours.stdout).toBe(theirs.stdout.toString())
    })
  })
})
