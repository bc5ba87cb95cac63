import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type DockerRegistry, startDockerRegistry } from '../src/docker-registry.ts'
import { bytesBelow } from '../src/files-below.ts'
import { namesIn } from '../src/layout-content.ts'
import { type Nginx, type NginxOptions, startNginx } from '../src/nginx.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
const PASSWORD = 'correct-horse-battery'
const WRONG = 'wrong-horse-battery'
const certificates = join(import.meta.dirname, 'fixtures/tls')

describe('docker-registry behind nginx', () => {
  withPeers(['docker-registry', 'nginx'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let registry: DockerRegistry
    let image: WrittenImage
    let from: string

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      registry = stack.use(await startDockerRegistry(paths['docker-registry'], fresh('registry')))
      image = await writeLayout(fresh('image'), { layers: [50_000, 20_000], content: 'random' })
      from = `oci:${image.folder}:latest`
    })
    afterAll(() => stack.disposeAsync())

    /** It ends with the suite at the latest, whatever becomes of the test that started it. */
    const nginx = async (options: Omit<NginxOptions, 'folder'>): Promise<Nginx> =>
      stack.use(await startNginx(paths.nginx, { ...options, folder: fresh('nginx') }))
    /** What every request is handed on with: the registry makes its own addresses of it. */
    const handOn = (): string => `
      proxy_pass http://${registry.host};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;`

    async function expectPulled(argv: readonly string[], { digest }: WrittenImage): Promise<void> {
      const layout = fresh('pulled')
      await crossdock.done(['copy', ...argv, `oci:${layout}:here`])
      await expectComplete(layout, digest)
    }

    describe('TLS with a certificate of an authority that nobody knows', () => {
      let host: string
      beforeAll(async () => {
        const server = await nginx({
          http: (address) => `
              server {
                listen ${address} ssl;
                ssl_certificate ${certificates}/server.crt;
                ssl_certificate_key ${certificates}/key.pem;
                location / { ${handOn()} }
              }`,
        })
        host = server.hosts[0] ?? ''
        await crossdock.done(['copy', from, `docker://${registry.host}/there:1`])
      })

      it.each([
        { what: 'a push', argv: ['copy', 'LAYOUT', 'docker://HOST/refused:1'], flag: '--dest-tls-verify=false' },
        { what: 'a pull', argv: ['copy', 'docker://HOST/there:1', 'oci:NEW:x'], flag: '--src-tls-verify=false' },
        { what: 'inspect', argv: ['inspect', 'docker://HOST/there:1'], flag: '--tls-verify=false' },
      ])('$what is refused with the cause and the ways out', async ({ argv, flag }) => {
        const words = argv.map((word) =>
          word.replace('HOST', host).replace('LAYOUT', from).replace('NEW', fresh('new')),
        )
        const { exitCode, stderr, stdout } = await crossdock.run(words)
        expect(stderr).toContain(`${host}: its certificate is not trusted`)
        expect(stderr).toContain('cert-dir, or use')
        expect(stderr).toContain(flag)
        expect({ exitCode, stdout: stdout.toString() }).toStrictEqual({ exitCode: 6, stdout: '' })
        expect(await verifyInRegistry(registry.host, { repository: 'refused', reference: '1' })).not.toStrictEqual([])
      })

      it.each([
        { what: 'the flag that does without verification', flag: 'tls-verify=false', env: {} },
        {
          what: 'NODE_EXTRA_CA_CERTS',
          flag: 'tls-verify=true',
          env: { NODE_EXTRA_CA_CERTS: join(certificates, 'ca.crt') },
        },
      ])('with $what an image goes there and back', async ({ flag, env }) => {
        const repository = fresh('tls').split('/').at(-1) ?? ''
        const [name, layout] = [`docker://${host}/${repository}:1`, fresh('pulled')]
        await crossdock.done(['copy', `--dest-${flag}`, from, name], { env })
        expect(await verifyInRegistry(registry.host, { repository, reference: '1' })).toStrictEqual([])
        await crossdock.done(['copy', `--src-${flag}`, name, `oci:${layout}:here`], { env })
        await expectComplete(layout, image.digest)
        const { stdout } = await crossdock.done(['inspect', `--${flag}`, name], { env })
        expect(JSON.parse(stdout.toString())).toMatchObject({ Digest: image.digest, Layers: image.layers })
      })
    })

    it.each([
      { what: 'in chunks', size: 20 * MIB, repository: 'limited/chunks', refusals: [0, 1, 2] },
      { what: 'in one request', size: 7 * MIB, repository: 'limited/whole', refusals: [1] },
    ])('413 for what would have gone $what: smaller requests do', async ({ size, repository, refusals }) => {
      const server = await nginx({
        http: (address) => `
          client_max_body_size 6m;
          server { listen ${address}; location / { ${handOn()} } }`,
      })
      const { folder } = await writeLayout(fresh('large'), { layers: [size], content: 'random' })
      await crossdock.done(['copy', `oci:${folder}:latest`, `docker://${server.hosts[0]}/${repository}:1`])
      expect(await verifyInRegistry(registry.host, { repository, reference: '1' })).toStrictEqual([])
      const requests = await server.finish()
      expect(refusals).toContain(requests.filter(({ status }) => status === 413).length)
    })

    describe('Basic authentication', () => {
      let host: string
      beforeAll(async () => {
        const users = await passwords()
        const server = await nginx({
          http: (address) => `server { listen ${address}; ${users} location / { ${handOn()} } }`,
        })
        host = server.hosts[0] ?? ''
      })

      it.each([
        { what: 'no credentials', flags: [] },
        { what: 'wrong credentials', flags: ['--dest-creds', `me:${WRONG}`] },
      ])('$what: says how to give them and shows none', async ({ flags }) => {
        const name = `docker://${host}/basic:1`
        const { exitCode, stderr, stdout } = await crossdock.run(['copy', '--debug', ...flags, from, name])
        expect(stderr).toContain('--dest-creds USER:PASSWORD')
        expectHidden(WRONG, stderr + stdout.toString())
        expect(exitCode).toBe(3)
      })

      it('right credentials pass, and nobody sees them', async () => {
        const name = `docker://${host}/basic:1`
        const pushed = await crossdock.done(['copy', '--debug', '--dest-creds', `me:${PASSWORD}`, from, name])
        expect(await verifyInRegistry(registry.host, { repository: 'basic', reference: '1' })).toStrictEqual([])
        const read = await crossdock.done(['inspect', '--debug', '--creds', `me:${PASSWORD}`, name])
        for (const { stderr, stdout } of [pushed, read]) expectHidden(PASSWORD, stderr + stdout.toString())
        await expectPulled(['--src-creds', `me:${PASSWORD}`, name], image)
      })
    })

    it('a redirect to another origin: the password stays where it belongs', async () => {
      const users = await passwords()
      const server = await nginx({
        listeners: 2,
        http: (front, storage) => `
          server {
            listen ${front};
            ${users}
            location / { ${handOn()} }
            # By way of a named location, since a redirect of this one would come before the password is asked for.
            location ~ "/blobs/sha256:[0-9a-f]{64}$" { try_files /nowhere @blob; }
            location @blob { return 307 http://${storage}$request_uri?signature=s3cret; }
          }
          server { listen ${storage}; location / { ${handOn()} } }`,
      })
      const [front, storage] = server.hosts
      await crossdock.done(['copy', from, `docker://${registry.host}/redirected:1`])
      await expectPulled(['--src-creds', `me:${PASSWORD}`, `docker://${front}/redirected:1`], image)
      const requests = (await server.finish()).filter(({ uri }) => uri.includes('/blobs/'))
      const blobs = [...image.layers, image.config].toSorted()
      for (const [host, status, authorization] of [
        [front, 307, basic(PASSWORD)],
        [storage, 200, ''],
      ] as const) {
        const here = requests.filter((request) => request.host === host)
        expect(here.map(({ uri }) => /sha256:[0-9a-f]+/.exec(uri)?.[0] ?? '').toSorted()).toStrictEqual(blobs)
        for (const request of here) expect(request).toMatchObject({ status, authorization })
      }
    })

    it('SIGKILL for the worker in a pull: the next one goes on at the byte', async () => {
      const server = await nginx({
        // The rest would take minutes, so that what comes in time comes from the next worker.
        http: (address) => `
          map $http_range $rate { "" 64k; default 0; }
          server {
            listen ${address};
            location / { ${handOn()} limit_rate $rate; limit_rate_after 6m; }
          }`,
      })
      // Too small for several connections.
      const large = await writeLayout(fresh('large'), { layers: [15 * MIB], content: 'random' })
      await crossdock.done(['copy', `oci:${large.folder}:latest`, `docker://${registry.host}/cut:1`])
      const layout = fresh('pulled')
      const argv = ['copy', `docker://${server.hosts[0]}/cut:1`, `oci:${layout}:here`]
      await using pull = crossdock.start(['--command-timeout', '60s', ...argv])
      await vi.waitFor(async () => expect(await bytesBelow(layout)).toBeGreaterThan(4 * MIB), 20_000)
      process.kill(server.workerPid, 'SIGKILL')
      const { exitCode, stderr } = await pull.finished
      expect(stderr).toMatch(/going on at byte \d+/)
      expect(exitCode).toBe(0)
      await expectComplete(layout, large.digest)
      const resumed = (await server.finish()).filter(({ status }) => status === 206)
      expect(resumed).toHaveLength(1)
      expect(Number(/^bytes=(\d+)-/.exec(resumed[0]?.range ?? '')?.[1])).toBeGreaterThan(4 * MIB)
    })

    /** What a server block asks for that lets in "me" alone. */
    async function passwords(): Promise<string> {
      const file = fresh('passwords')
      await writeFile(file, `me:{PLAIN}${PASSWORD}\n`, { mode: 0o600 })
      return `auth_basic registry; auth_basic_user_file ${file};`
    }
  })
})

/** That a folder has one image, `here`, with all that belongs to it. */
async function expectComplete(layout: string, digest: WrittenImage['digest']): Promise<void> {
  expect(await namesIn(layout)).toStrictEqual(new Map([['here', digest]]))
  expect(await verifyLayout(layout, { root: digest })).toMatchObject({ problems: [], unreached: [] })
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`me:${password}`).toString('base64')}`
}

function expectHidden(password: string, output: string): void {
  expect(output).not.toContain(password)
  expect(output).not.toContain(basic(password).slice('Basic '.length))
}
