import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startRegistry } from '@crossdock/registry-server'
import { type BuiltImage, buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aciBytes, aciId } from '../src/aci-bytes.ts'
import { type AppcSite, startAppcSite } from '../src/appc-site.ts'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { expectRefused, fetched, storedNames } from '../src/fetched.ts'
import { bytesBelow } from '../src/files-below.ts'
import { createGnupg } from '../src/gnupg.ts'
import { sha256 } from '../src/registry-content.ts'
import { createSkopeo } from '../src/skopeo.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const MIB = 1024 * 1024
const NAME = 'apps.test/team/app'
const IMAGE = `appc:${NAME}:1.0`

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let built: BuiltImage
beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  const [image] = await buildImages({ folder: fresh('images'), shapes: ['one-layer'], scale: 0.02 })
  built = image ?? expect.fail('no image')
})
afterAll(() => stack.disposeAsync())

async function writeFileAt(path: string, bytes: Uint8Array): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

function large(): Buffer {
  return aciBytes({ name: NAME, files: [{ path: 'rootfs/large', content: randomBytes(6 * MIB).toString('hex') }] })
}

interface Interrupted {
  readonly machine: Crossdock
  readonly url: string
  readonly kept: number
  readonly exitCode: number
  readonly stderr: string
}

/** Ends a fetch when a third of the archive has arrived. */
async function interrupt(site: AppcSite, bytes: Buffer, signal: NodeJS.Signals): Promise<Interrupted> {
  await site.putFile('large.aci', bytes)
  const [machine, url] = [await site.machine(), `${site.url}/large.aci`]
  await using fetching = machine.start(['fetch', url])
  const parts = join(machine.env['XDG_CACHE_HOME'] ?? '', 'crossdock/http/parts')
  await expect.poll(() => bytesBelow(parts), { timeout: 60_000, interval: 20 }).toBeGreaterThan(4 * MIB)
  const { exitCode, stderr } = await fetching.kill(signal)
  expect(await readdir(machine.temporary)).toEqual([])
  return { machine, url, kept: await bytesBelow(parts), exitCode, stderr }
}

describe('an App Container Image by its name', () => {
  withPeers(['nginx', 'docker-registry', 'skopeo', 'gpg'], (paths) => {
    it('comes with archive and signature, goes to a registry, and becomes the same archive again', async () => {
      await using site = await startAppcSite(paths.nginx, { fresh })
      await using registry = await startDockerRegistry(paths['docker-registry'], fresh('registry'))
      await using gnupg = await createGnupg(paths.gpg)
      const [machine, skopeo] = [await site.machine(), createSkopeo(paths.skopeo, dirname(fresh('skopeo')))]

      const original = `${fresh('original')}.aci`
      await machine.done(['copy', '-q', `oci:${built.folder}:latest`, `aci:${original}:${NAME}:1.0`])
      const bytes = await readFile(original)
      await gnupg.makeKey('alice', 'ed25519')
      const signature = await gnupg.signed(bytes, ['--armor', '--detach-sign', '--local-user', 'alice'])
      await site.putFile(`${NAME}-1.0.aci`, bytes)
      await site.putFile(`${NAME}-1.0.aci.asc`, signature)

      const [found] = await fetched(machine, [IMAGE])
      expect(found).toMatchObject({ name: IMAGE, imageId: aciId(bytes) })
      for (const content of [bytes, signature]) {
        const { stdout } = await machine.done(['store', 'path', sha256(content)])
        expect(await readFile(stdout.toString().trim())).toStrictEqual(content)
      }

      const remote = `docker://${registry.host}/app`
      await machine.done(['copy', '-q', `store:${IMAGE}`, `${remote}:stored`])
      await machine.done(['copy', '-q', '--remove-signatures', IMAGE, `${remote}:direct`])
      expect(sha256(await skopeo.raw(`${remote}:stored`))).toBe(found?.digest)
      for (const tag of ['stored', 'direct']) {
        expect(await skopeo.inspect(`${remote}:${tag}`, 'amd64')).toMatchObject({ Os: 'linux', Architecture: 'amd64' })
        await skopeo.copy(`${remote}:${tag}`, `dir:${fresh('dir')}`)
        const back = `${fresh('back')}.aci`
        await machine.done(['copy', '-q', `${remote}:${tag}`, `aci:${back}`])
        const { stdout } = await runProcess(['sha512sum', back])
        expect(`sha512-${stdout.toString().slice(0, 128)}`).toBe(found?.imageId)
      }
    })
  })
})

describe('an archive behind a URL whose download is interrupted', () => {
  withPeers(['nginx'], (paths) => {
    const slowSite = (): Promise<AppcSite> => startAppcSite(paths.nginx, { fresh, files: 'limit_rate 8m;' })

    it.each([
      ['SIGKILL', 137, /^(?!.*run the same command again)/s],
      ['SIGINT', 130, /stopped by SIGINT; run the same command again: it goes on where it stopped$/m],
    ] as const)('goes on where it stopped after %s', async (signal, code, says) => {
      await using site = await slowSite()
      const bytes = large()
      const { machine, url, kept, exitCode, stderr } = await interrupt(site, bytes, signal)
      expect(exitCode).toBe(code)
      expect(stderr).toMatch(says)
      expect(await storedNames(machine).catch(() => [])).toEqual([])
      await site.asked()
      expect(await fetched(machine, [url])).toMatchObject([{ imageId: aciId(bytes), isFetched: true }])
      const [resumed, ...others] = (await site.asked()).filter(({ uri }) => uri.endsWith('.aci'))
      expect(others).toEqual([])
      const from = Number(/^bytes=(\d+)-$/.exec(resumed?.range ?? '')?.[1])
      expect(from).toBeGreaterThan(kept - 64 * 1024) // and what says what it is of
      expect(resumed).toMatchObject({ status: 206, sent: bytes.byteLength - from })
    })

    it('begins anew where it has changed meanwhile', async () => {
      await using site = await slowSite()
      const { machine, url } = await interrupt(site, large(), 'SIGKILL')
      const other = large()
      await site.putFile('large.aci', other)
      await site.asked()
      expect(await fetched(machine, [url])).toMatchObject([{ imageId: aciId(other) }])
      const requests = (await site.asked()).filter(({ uri }) => uri.endsWith('.aci'))
      expect(requests).toMatchObject([{ status: 200, sent: other.byteLength, range: /^bytes=\d+-$/ }])
    })

    it('is fetched by two commands at once', async () => {
      await using site = await startAppcSite(paths.nginx, { fresh, files: 'limit_rate 16m;' })
      const base = { imageName: 'apps.test/base', labels: [{ name: 'version', value: '1.0' }] }
      const bytes = large()
      await site.put({ name: 'apps.test/base' })
      await site.putFile(`${NAME}-1.0.aci`, bytes)
      await site.put({ name: 'apps.test/top', dependencies: [base, { ...base, imageName: NAME }] })
      const machine = await site.machine()
      const top = 'appc:apps.test/top:1.0'
      const both = await Promise.all([fetched(machine, [top]), fetched(machine, [top])])
      expect(both[0].map(({ digest }) => digest)).toStrictEqual(both[1].map(({ digest }) => digest))
      expect(await storedNames(machine)).toEqual(['appc:apps.test/base:1.0', IMAGE, top].toSorted())
      await machine.done(['store', 'verify'])
    })
  })
})

describe('what people type', () => {
  let crossdock: Crossdock
  beforeAll(async () => {
    crossdock = await createCrossdock(fresh('home'))
  })

  it('may be paths, file URLs and beginnings of image IDs', async () => {
    const bytes = aciBytes({ name: NAME })
    const folder = fresh('folder')
    const file = await writeFileAt(join(folder, 'app.aci'), bytes)
    const archive = join(folder, 'image.tar')
    await crossdock.done(['copy', '-q', `oci:${built.folder}:latest`, `docker-archive:${archive}:example.com/app:1`])
    const here = { cwd: folder }
    const line = ['fetch', '-q', '--json', './app.aci', 'app.aci', pathToFileURL(file).href, built.folder, archive]
    const { stdout } = await crossdock.done(line, here)
    const found = JSON.parse(stdout.toString()) as Awaited<ReturnType<typeof fetched>>
    expect(found.map(({ name, imageId }) => [name, imageId])).toEqual([
      ...Array.from({ length: 3 }, () => [`aci:${file}`, aciId(bytes)]),
      [`oci:${built.folder}`, undefined],
      [`docker-archive:${archive}`, undefined],
    ])
    expect(found[3]?.digest).toBe(built.digest)
    for (const id of [aciId(bytes), aciId(bytes).slice(0, 20)]) {
      expect(await fetched(crossdock, [id])).toMatchObject([{ name: `aci:${file}`, isFetched: false }])
    }
    expect(await fetched(crossdock, [built.digest])).toMatchObject([{ name: `oci:${built.folder}` }])
    await expectRefused(crossdock, ['sha512-0000'], { exitCode: 2, says: 'no image whose ID begins with sha512-0000' })
  })

  it('may be several images, or one with a name of its own', async () => {
    const files = await Promise.all(
      ['one', 'two'].map((name) => writeFileAt(`${fresh(name)}.aci`, aciBytes({ name: `example.com/${name}` }))),
    )
    const printed = await crossdock.done(['fetch', '-q', ...files])
    expect(printed.stdout.toString()).toBe(files.map((file) => `aci:${file}\n`).join(''))
    const [named] = await fetched(crossdock, ['--name', 'mine:1', `${files[0]}`])
    expect(named?.name).toBe('docker.io/library/mine:1')
    expect(await storedNames(crossdock)).toContain('docker.io/library/mine:1')
    expect(await fetched(crossdock, ['--name', 'mine:1', '--pull-policy', 'never', `${files[0]}`])).toMatchObject([
      { digest: named?.digest },
    ])
    await expectRefused(crossdock, ['--name', 'mine', ...files], { exitCode: 64, says: '--name' })
    const failed = await crossdock.run(['fetch', '-q', '--json', `${files[0]}`, './absent.aci', `${files[1]}`])
    expect(failed.exitCode).toBe(2)
    expect(JSON.parse(failed.stdout.toString())).toMatchObject([{ name: `aci:${files[0]}` }])
  })

  it('may be of a registry, for the platforms that are needed', async () => {
    await using registry = await startRegistry()
    const [index] = await buildImages({ folder: fresh('indexes'), shapes: ['multiarch'], scale: 0.02 })
    const remote = `${registry.host}/app:1`
    await crossdock.done(['copy', '-q', '--all', `oci:${index?.folder}:latest`, `docker://${remote}`])
    const platform = ['--platform', 'linux/arm64']
    const [found] = await fetched(crossdock, [...platform, `docker://${remote}`])
    expect(found).toMatchObject({ name: remote, digest: index?.digest, isFetched: true })
    const there = ['--pull-policy', 'never', `docker://${remote}`]
    expect(await fetched(crossdock, [...platform, ...there])).toMatchObject([{ isFetched: false }])
    await expectRefused(crossdock, ['--platform', 'linux/amd64', ...there], {
      exitCode: 2,
      says: 'pull policy "never"',
    })
    expect(await fetched(crossdock, ['--pull-policy', 'new', '--all', `docker://${remote}`])).toMatchObject([
      { isFetched: true },
    ])
  })

  it.each([
    ['ftp://h/x', 'unknown transport "ftp"', undefined],
    ['ocii:./x', 'unknown transport "ocii"', undefined],
    ['https://user:pa55word@h/x.aci', 'give credentials apart', 'pa55word'],
    ['https://h/x.aci?token=s3cret x', 'blank', 's3cret'],
    ['', 'names no image', undefined],
    [' app', 'names no image', undefined],
    ['app\u{1b}[2J', 'control character', '\u{1b}'],
    ['sha512-xyz', 'an image ID is', undefined],
    ['sha256:abc', 'a digest is', undefined],
    ['file://host/x.aci', 'file: URL', undefined],
    ['cimd:appx:v=0:example.com/app', 'none of the types', undefined],
    ['appc:example.com/../app', 'example.com/../app', undefined],
  ])('is refused if it makes no sense: %j', async (text, says, hides) => {
    await expectRefused(crossdock, [text], { exitCode: 64, says, hides })
  })
})
