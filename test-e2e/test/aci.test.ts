import { readdir, readFile, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { buildImages, type BuiltImage } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { createGnupg, type Gnupg } from '../src/gnupg.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { type RawMember, rawTar } from '../src/raw-tar.ts'
import { runProcess } from '../src/start-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const MANIFEST = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/app',
  labels: [
    { name: 'version', value: '1.0' },
    { name: 'os', value: 'linux' },
    { name: 'arch', value: 'amd64' },
  ],
  app: {
    exec: ['/bin/app', '-v'],
    user: '10',
    group: '20',
    environment: [{ name: 'A', value: 'b' }],
    isolators: [{ name: 'os/linux/no-new-privileges', value: true }],
  },
}

function aciBytes(files: readonly RawMember[], manifest: object = MANIFEST): Buffer {
  const root = { path: 'rootfs/', kind: '5', mode: 0o755 }
  return rawTar([root, ...files, { path: 'manifest', content: JSON.stringify(manifest) }])
}

const FILES: readonly RawMember[] = [
  { path: 'rootfs/bin/', kind: '5', mode: 0o755 },
  { path: 'rootfs/bin/app', content: 'the app', mode: 0o755, uid: 10, mtime: 1_400_000_000 },
  { path: 'rootfs/bin/link', kind: '1', link: 'rootfs/bin/app' },
  { path: 'rootfs/bin/soft', kind: '2', link: '/bin/app', mode: 0o777 },
]

const stack = new AsyncDisposableStack()
let folder: TemporaryFolder
let fresh: (name: string) => string
let crossdock: Crossdock
let registry: RegistryServer
let built: BuiltImage

beforeAll(async () => {
  folder = stack.use(await temporaryFolder())
  fresh = folder.fresh
  crossdock = await createCrossdock(fresh('home'))
  registry = stack.use(await startRegistry())
  const [image] = await buildImages({ folder: fresh('images'), shapes: ['one-layer'], scale: 0.02 })
  built = image ?? expect.fail('no image')
})
afterAll(() => stack.disposeAsync())

async function aciFile(bytes: Uint8Array): Promise<string> {
  const path = `${fresh('archive')}.aci`
  await writeFile(path, bytes)
  return path
}

/** The ID that a copy to an archive ends with. */
async function copiedId(from: string, to: string): Promise<string> {
  const { stderr } = await crossdock.done(['copy', from, to])
  const id = /App Container Image \S+ (sha512-[0-9a-f]{128})/.exec(stderr)?.[1]
  if (id === undefined) throw new Error(`no image ID is told:\n${stderr}`)
  return id
}

describe('App Container Images', () => {
  it('go to a registry and back, with the same ID each time', async () => {
    const remote = `docker://${registry.host}/app`
    const [first, second] = [`${fresh('first')}.aci`, `${fresh('second')}.aci`]
    await crossdock.done(['copy', `aci:${await aciFile(gzipSync(aciBytes(FILES)))}`, `${remote}:1`])
    const id = await copiedId(`${remote}:1`, `aci:${first}`)
    await crossdock.done(['copy', `aci:${first}:example.com/app:1.0`, `${remote}:2`])
    expect(await copiedId(`${remote}:2`, `aci:${second}`)).toBe(id)
    expect(await readFile(second)).toStrictEqual(await readFile(first))
    const { stdout } = await runProcess(['tar', '-xOf', first, 'manifest'])
    expect(JSON.parse(stdout.toString())).toStrictEqual(MANIFEST)
  })

  it('keep their files as they are', async () => {
    const [layout, back] = [fresh('layout'), `${fresh('back')}.aci`]
    await crossdock.done(['copy', `aci:${await aciFile(aciBytes(FILES))}`, `oci:${layout}:x`])
    await crossdock.done(['copy', `oci:${layout}:x`, `aci:${back}`])
    const { stdout } = await runProcess(['tar', '--numeric-owner', '--utc', '-tvf', back])
    expect(stdout.toString().replaceAll(/ +/g, ' ').split('\n').slice(1, -1)).toStrictEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 rootfs/',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 rootfs/bin/',
      '-rwxr-xr-x 10/0 7 2014-05-13 16:53 rootfs/bin/app',
      'hrwxr-xr-x 10/0 0 2014-05-13 16:53 rootfs/bin/link link to rootfs/bin/app',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 rootfs/bin/soft -> /bin/app',
    ])
  })

  it('go through pipes', async () => {
    const path = `${fresh('piped')}.aci`
    const command = crossdock.argv.map((part) => `'${part}'`).join(' ')
    const from = await aciFile(aciBytes(FILES))
    const line = `cat '${from}' | ${command} copy -q aci:- aci:- > '${path}'`
    await runProcess(['sh', '-c', line], { env: crossdock.env })
    const id = await copiedId(`aci:${from}`, `aci:${fresh('file')}.aci`)
    expect((await runProcess(['sha512sum', path])).stdout.toString()).toContain(id.slice('sha512-'.length))
    expect(await readdir(crossdock.temporary)).toStrictEqual([])
  })

  it('are made of any image, and become it again', async () => {
    const [path, layout] = [`${fresh('made')}.aci`, fresh('layout')]
    await crossdock.done(['copy', `oci:${built.folder}:latest`, `aci:${path}:example.com/made`])
    await crossdock.done(['copy', `aci:${path}`, `oci:${layout}:x`])
    const configs = await Promise.all(
      [`oci:${built.folder}:latest`, `oci:${layout}:x`].map(async (name) => {
        const { stdout } = await crossdock.done(['inspect', '--config', '--raw', name])
        const { rootfs: _, history: __, ...rest } = JSON.parse(stdout.toString()) as Record<string, unknown>
        return rest
      }),
    )
    expect(configs[1]).toStrictEqual(configs[0])
    const lists = await Promise.all(
      [`oci:${built.folder}:latest`, `oci:${layout}:x`].map(
        async (name) => (await crossdock.done(['ls', name])).stdout,
      ),
    )
    expect(lists[1]?.toString()).toBe(lists[0]?.toString())
  })

  it.each([
    ['a path that leads out', aciBytes([{ path: 'rootfs/../../etc/passwd' }]), 'has a ".."'],
    ['a name that leads out', aciBytes([], { ...MANIFEST, name: 'a/../b' }), 'must not have a component'],
    ['a file beside', aciBytes([{ path: 'README' }]), 'has "README" beside'],
    ['a whiteout', aciBytes([{ path: 'rootfs/.wh.etc' }]), 'would remove another one'],
    [
      'a file through a link',
      aciBytes([{ path: 'rootfs/d', kind: '2', link: '/etc' }, { path: 'rootfs/d/x' }]),
      'which is a symlink',
    ],
    ['files of another image', aciBytes([], { ...MANIFEST, dependencies: [{ imageName: 'b' }] }), 'depends on b'],
    ['half of it', aciBytes(FILES).subarray(0, 2048), 'no member "manifest"'],
    ['no end', aciBytes(FILES).subarray(0, -1024), 'is cut off'],
    ['nothing', Buffer.of(), 'no member "manifest"'],
  ])('are refused with %s, and leave nothing', async (_what, bytes, says) => {
    const layout = fresh('layout')
    const { exitCode, stderr } = await crossdock.run(['copy', `aci:${await aciFile(bytes)}`, `oci:${layout}:x`])
    expect(exitCode).toBeGreaterThan(0)
    expect(stderr).toContain(says)
    await expect(readdir(layout)).rejects.toThrow('ENOENT')
    expect(await readdir(crossdock.temporary)).toStrictEqual([])
  })
})

describe('App Container Images with skopeo', () => {
  withPeers(['skopeo'], (paths) => {
    let skopeo: Skopeo
    beforeAll(() => {
      skopeo = createSkopeo(paths.skopeo, folder.path)
    })

    it('are images for it, wherever they went', async () => {
      const [layout, flat] = [fresh('layout'), fresh('flat')]
      await crossdock.done(['copy', `aci:${await aciFile(aciBytes(FILES))}`, `oci:${layout}:x`])
      await skopeo.copy(`oci:${layout}:x`, `docker://${registry.host}/skopeo:1`)
      await skopeo.run(['copy', '-q', '--format', 'v2s2', `oci:${layout}:x`, `dir:${flat}`])
      const facts = await skopeo.inspect(`docker://${registry.host}/skopeo:1`, 'amd64')
      expect(facts).toMatchObject({ Os: 'linux', Architecture: 'amd64', Env: ['A=b'] })
      const [first, second] = [`${fresh('first')}.aci`, `${fresh('second')}.aci`]
      await crossdock.done(['copy', `oci:${layout}:x`, `aci:${first}`])
      await crossdock.done(['copy', `docker://${registry.host}/skopeo:1`, `aci:${second}`])
      expect(await readFile(second)).toStrictEqual(await readFile(first))
      await crossdock.done(['copy', `dir:${flat}`, `aci:${fresh('third')}.aci`])
    })
  })
})

describe('signed App Container Images', () => {
  withPeers(['gpg'], (paths) => {
    let gnupg: Gnupg
    let signed: string
    let key: string
    beforeAll(async () => {
      gnupg = stack.use(await createGnupg(paths.gpg))
      await gnupg.makeKey('alice', 'rsa2048')
      key = fresh('key')
      await writeFile(key, await gnupg.exported('alice'))
      const bytes = gzipSync(aciBytes(FILES))
      signed = await aciFile(bytes)
      await writeFile(`${signed}.asc`, await gnupg.signed(bytes, ['--armor', '--detach-sign', '--local-user', 'alice']))
    })

    async function copy(path: string, name: string): Promise<string> {
      const policy = fresh('policy')
      const requirement = { type: 'appcSignedBy', keyPath: key, signedIdentity: { type: 'exactName', name } }
      await writeFile(
        policy,
        JSON.stringify({ default: [{ type: 'reject' }], transports: { aci: { '': [requirement] } } }),
      )
      const args = ['copy', '--policy', policy, '--remove-signatures', `aci:${path}`, `oci:${fresh('layout')}:x`]
      const { exitCode, stderr } = await crossdock.run(args)
      return `${exitCode} ${stderr}`
    }

    it('are accepted by their signature, for their name', async () => {
      expect(await copy(signed, 'example.com/app')).toMatch(/^0 /)
      expect(await copy(signed, 'example.com/other')).toMatch(/^4 .*\n?[^]*the policy asks for example.com\/other/)
    })

    it('do not hand it on with the image', async () => {
      const { exitCode, stderr } = await crossdock.run(['copy', `aci:${signed}`, `oci:${fresh('layout')}:x`])
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/drop signatures .*the flag for that is --remove-signatures/)
    })

    it('are refused without one, and with one of other bytes', async () => {
      const bytes = aciBytes(FILES)
      const path = await aciFile(bytes)
      expect(await copy(path, 'example.com/app')).toMatch(/^4 [^]*signed App Container archive is needed/)
      await writeFile(`${path}.asc`, await readFile(`${signed}.asc`))
      expect(await copy(path, 'example.com/app')).toMatch(/^4 /)
    })
  })
})
