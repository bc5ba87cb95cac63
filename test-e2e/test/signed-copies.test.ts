import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildImages } from '@crossdock/test-images'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { createGnupg, type Gnupg } from '../src/gnupg.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { runProcess } from '../src/start-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const stack = new AsyncDisposableStack()
let folder: TemporaryFolder
let run: RunCommand
/** An index of two platforms with attestations, in a layout. */
let index: string
/** Flags for signatures beside the image in the registry, and where the keys are. */
let attachments: string
let key: { readonly secret: string; readonly public: string; readonly passphrase: string }
let other: string

beforeAll(async () => {
  folder = stack.use(await temporaryFolder())
  run = await createInProcess(folder.fresh('home'))
  const [built] = await buildImages({ folder: folder.fresh('images'), shapes: ['multiarch'], scale: 0.005 })
  index = `oci:${built?.folder ?? ''}:latest`
  attachments = await registriesD(folder, 'default-docker: {use-sigstore-attachments: true}')
  const passphrase = folder.fresh('passphrase')
  await writeFile(passphrase, 'open sesame\n')
  const prefix = folder.fresh('key')
  await done('generate-sigstore-key', '--output-prefix', prefix, '--passphrase-file', passphrase)
  key = { secret: `${prefix}.private`, public: `${prefix}.pub`, passphrase }
  const stranger = folder.fresh('stranger')
  await done('generate-sigstore-key', '--output-prefix', stranger, '--passphrase-file', passphrase)
  other = `${stranger}.pub`
})
afterAll(() => stack.disposeAsync())

async function registriesD(at: TemporaryFolder, text: string): Promise<string> {
  const path = at.fresh('registries.d')
  await mkdir(path)
  await writeFile(join(path, 'default.yaml'), text)
  return path
}

async function done(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(args)
  if (exitCode !== 0) throw new Error(`crossdock ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
  return stdout.toString()
}

/** With signatures beside images in registries. */
function withAttachments(...args: readonly string[]): Promise<string> {
  return done('--registries.d', attachments, ...args)
}

/** The same, whatever comes of it. */
function tried(...args: readonly string[]): ReturnType<RunCommand> {
  return run(['--registries.d', attachments, ...args])
}

/** A policy.json with one requirement for everything. */
async function policyOf(requirement: object): Promise<string> {
  const path = folder.fresh('policy.json')
  await writeFile(path, JSON.stringify({ default: [requirement] }))
  return path
}

/** Flags to judge by one key, for whatever tag of a repository. */
async function byKey(keyPath: string): Promise<readonly string[]> {
  const requirement = { type: 'sigstoreSigned', keyPath, signedIdentity: { type: 'matchRepository' } }
  return ['--policy', await policyOf(requirement)]
}

function signing(): readonly string[] {
  return ['--sign-by-sigstore-private-key', key.secret, '--sign-passphrase-file', key.passphrase]
}

describe('an image with a signature beside it', () => {
  let registry: RegistryServer
  const name = (image: string): string => `docker://${registry.host}/${image}`
  beforeAll(async () => {
    registry = stack.use(await startRegistry())
    await withAttachments('copy', '-q', '--platform', 'linux/amd64', index, name('app:1'), ...signing())
  })

  it('is verified by the key that signed it, and by no other', async () => {
    expect(await withAttachments('verify', name('app:1'), '--key', key.public)).toMatch(
      new RegExp(`signed by +the key SHA256:.*\\nsigned as +${registry.host}/app:1\\n`),
    )
    const refused = await tried('verify', name('app:1'), '--key', other)
    expect(refused).toMatchObject({ exitCode: 4 })
    expect(await withAttachments('verify', name('app:1'), '--key', other, '--key', key.public)).toContain('signed by')
  })

  it('is verified for the name that it was signed as, under whatever name it lies', async () => {
    await withAttachments('copy', '-q', name('app:1'), name('moved:2'))
    const verify = (...flags: readonly string[]) => tried('verify', name('moved:2'), '--key', key.public, ...flags)
    expect(await verify()).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/vouches for .*\/app:1.*--identity NAME/),
    })
    for (const identity of [`${registry.host}/app:1`, `${registry.host}/app`, 'any']) {
      expect(await verify('--identity', identity)).toMatchObject({ exitCode: 0 })
    }
    expect(await verify('--identity', `${registry.host}/app:2`)).toMatchObject({ exitCode: 4 })
  })

  it.each(['dir', 'oci', 'oci-archive'])('comes back through %s: with its signature', async (transport) => {
    const place = `${transport}:${folder.fresh('place')}${transport === 'dir' ? '' : ':app'}`
    await withAttachments('copy', '-q', name('app:1'), place)
    await done('verify', place, '--key', key.public, '--identity', `${registry.host}/app:1`)
    const back = name(`back-${transport}:1`)
    await withAttachments('copy', '-q', place, back)
    const found = await withAttachments('verify', back, '--key', key.public, '--identity', `${registry.host}/app:1`)
    expect(found).toContain(`${registry.host}/app:1`)
  })

  it('is signed where it lies in a folder or a layout, which keeps what was there', async () => {
    for (const place of [`dir:${folder.fresh('dir')}`, `oci:${folder.fresh('layout')}:app`]) {
      await withAttachments('copy', '-q', name('app:1'), place)
      const flags = [
        '--key',
        key.secret,
        '--sign-passphrase-file',
        key.passphrase,
        '--sign-identity',
        'example.com/mine:1',
      ]
      expect(JSON.parse(await done('sign', '--json', place, ...flags))).toMatchObject({
        signatures: { carried: 1, made: 1 },
      })
      for (const identity of [`${registry.host}/app:1`, 'example.com/mine:1']) {
        await done('verify', place, '--key', key.public, '--identity', identity)
      }
      await done('inspect', '--config', place)
    }
  })

  it('is accepted by a policy that asks for that key, and refused by one that asks for another', async () => {
    const copying = ['copy', '-q', name('app:1'), `dir:${folder.fresh('judged')}`]
    expect(await tried(...(await byKey(key.public)), ...copying)).toMatchObject({ exitCode: 0 })
    expect(await tried(...(await byKey(other)), ...copying)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('crossdock policy explain'),
    })
  })

  it('is not converted, and does not go where signatures have no place, unless that is said', async () => {
    const convert = (...flags: readonly string[]) =>
      tried('copy', '-q', '--format', 'v2s2', name('app:1'), `dir:${folder.fresh('converted')}`, ...flags)
    expect(await convert()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--remove-signatures') })
    expect(await convert('--remove-signatures')).toMatchObject({ exitCode: 0 })
    const without = await tried('copy', '-q', name('app:1'), `docker-archive:${folder.fresh('a.tar')}:a:1`)
    expect(without).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--remove-signatures') })
  })

  it('is signed once more where it lies, by a file of parameters too', async () => {
    const parameters = folder.fresh('parameters.yaml')
    await writeFile(parameters, `privateKeyFile: ${key.secret}\nprivateKeyPassphraseFile: ${key.passphrase}\n`)
    await withAttachments(
      'copy',
      '-q',
      '--platform',
      'linux/amd64',
      index,
      name('again:1'),
      '--sign-by-sigstore',
      parameters,
    )
    const signed = JSON.parse(
      await withAttachments(
        'sign',
        '--json',
        name('again:1'),
        '--key',
        key.secret,
        '--sign-passphrase-file',
        key.passphrase,
      ),
    ) as unknown
    expect(signed).toMatchObject({ signatures: { carried: 1, made: 1 } })
  })

  it('is signed without a write to its tag, which somebody may move meanwhile', async () => {
    await withAttachments('copy', '-q', '--platform', 'linux/amd64', index, name('tag:1'))
    const before = await done('digest', name('tag:1'))
    await withAttachments('sign', '-q', name('tag:1'), '--key', key.secret, '--sign-passphrase-file', key.passphrase)
    const puts = registry.requests.filter(({ method, path }) => method === 'PUT' && path.endsWith('/manifests/1'))
    expect(puts.filter(({ path }) => path.startsWith('/v2/tag/'))).toHaveLength(1)
    expect(await done('digest', name('tag:1'))).toBe(before)
  })
})

describe('an index', () => {
  let registry: RegistryServer
  const name = (image: string): string => `docker://${registry.host}/${image}`
  beforeAll(async () => {
    registry = stack.use(await startRegistry())
  })

  it('is signed with every instance, and verified as a whole and by platform', async () => {
    const copied = JSON.parse(
      await withAttachments('copy', '--json', '--all', index, name('all:1'), ...signing()),
    ) as unknown
    // The index, two images and what is attested of them.
    expect(copied).toMatchObject({ signatures: { carried: 0, made: 5 } })
    for (const flags of [[], ['--platform', 'linux/amd64'], ['--platform', 'linux/arm64']]) {
      await withAttachments('verify', name('all:1'), '--key', key.public, ...flags)
    }
  })

  it('that nobody signed is accepted for the sake of its images, and only of those that are signed', async () => {
    await withAttachments('copy', '-q', '--all', index, name('part:1'))
    const digest = JSON.parse(await done('inspect', '--raw', name('part:1'))) as {
      readonly manifests: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[]
    }
    const amd64 = digest.manifests.find(({ platform }) => platform?.architecture === 'amd64')?.digest ?? ''
    await withAttachments(
      'sign',
      '-q',
      `${name('part')}@${amd64}`,
      '--key',
      key.secret,
      '--sign-passphrase-file',
      key.passphrase,
      '--sign-identity',
      `${registry.host}/part:1`,
    )
    const verify = (...flags: readonly string[]) => tried('verify', name('part:1'), '--key', key.public, ...flags)
    expect(await verify('--platform', 'linux/amd64')).toMatchObject({ exitCode: 0 })
    expect(await verify('--platform', 'linux/arm64')).toMatchObject({ exitCode: 4 })
    expect(await verify()).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/the index .* was refused, and so was its image for/),
    })
  })
})

describe('with gpg, skopeo and docker-registry', () => {
  withPeers(['gpg', 'skopeo', 'docker-registry'], (paths) => {
    let gnupg: Gnupg
    let fingerprint: string
    let host: string
    let lookaside: string
    const name = (image: string): string => `docker://${host}/${image}`
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false']

    beforeAll(async () => {
      gnupg = stack.use(await createGnupg(paths.gpg))
      fingerprint = await gnupg.makeKey('signer', 'rsa3072')
      process.env['GNUPGHOME'] = gnupg.home
      host = stack.use(await startDockerRegistry(paths['docker-registry'], folder.fresh('registry'))).host
      lookaside = folder.fresh('lookaside')
    })
    afterAll(() => {
      delete process.env['GNUPGHOME']
    })

    const places = () =>
      registriesD(folder, `default-docker: {lookaside: "file://${lookaside}", use-sigstore-attachments: true}`)

    async function skopeoCopies(from: string, requirement: object, flags: readonly string[] = []) {
      const policy = await policyOf(requirement)
      const argv = [
        paths.skopeo,
        '--policy',
        policy,
        '--registries.d',
        await places(),
        '--override-os',
        'linux',
        '--override-arch',
        'amd64',
        'copy',
        '-q',
        '--src-tls-verify=false',
        ...flags,
        from,
        `dir:${folder.fresh('by-skopeo')}`,
      ]
      return runProcess(argv, {
        cwd: folder.path,
        env: { PATH: process.env['PATH'], HOME: folder.path, TMPDIR: folder.path },
      })
    }

    async function publicKey(): Promise<string> {
      const path = folder.fresh('public.gpg')
      await writeFile(path, await gnupg.exported('signer'))
      return path
    }

    it.each(['GnuPG', 'a file'])(
      'skopeo accepts every image of an index that we sign with a key of %s',
      async (where) => {
        const secret = folder.fresh('secret.gpg')
        await writeFile(
          secret,
          await gnupg.exported('signer', ['--pinentry-mode', 'loopback', '--passphrase', '', '--export-secret-keys']),
        )
        const flags = where === 'GnuPG' ? ['--sign-by', fingerprint] : ['--sign-key', secret]
        const image = name(where === 'GnuPG' ? 'gpg:1' : 'file:1')
        await done('--registries.d', await places(), 'copy', '-q', '--all', ...insecure, index, image, ...flags)
        const requirement = { type: 'signedBy', keyType: 'GPGKeys', keyPath: await publicKey() }
        expect(await skopeoCopies(image, requirement, ['--all'])).toMatchObject({ exitCode: 0 })
        expect(await skopeoCopies(image, requirement)).toMatchObject({ exitCode: 0 })
      },
    )

    it('skopeo accepts what we sign as cosign does', async ({ skip }) => {
      await done(
        '--registries.d',
        await places(),
        'copy',
        '-q',
        '--all',
        ...insecure,
        index,
        name('cosign:1'),
        ...signing(),
      )
      const requirement = { type: 'sigstoreSigned', keyPath: key.public }
      const copied = await skopeoCopies(name('cosign:1'), requirement)
      skip(copied.stderr.includes('sigstore disabled'), 'this skopeo was built without sigstore')
      expect(copied).toMatchObject({ exitCode: 0 })
      const wrong = await skopeoCopies(name('cosign:1'), { type: 'sigstoreSigned', keyPath: other })
      expect(wrong.exitCode).not.toBe(0)
    })

    it('what skopeo signs is carried over a folder, and verified by us and by skopeo', async ({ skip }) => {
      const dir = folder.fresh('signed-by-skopeo')
      const argv = [
        paths.skopeo,
        '--insecure-policy',
        '--override-os',
        'linux',
        '--override-arch',
        'amd64',
        'copy',
        '-q',
        '--sign-by',
        fingerprint,
        '--sign-identity',
        `${host}/carried:1`,
        index,
        `dir:${dir}`,
      ]
      const env = { PATH: process.env['PATH'], HOME: folder.path, TMPDIR: folder.path, GNUPGHOME: gnupg.home }
      const signed = await runProcess(argv, { cwd: folder.path, env })
      skip(signed.stderr.includes('unknown flag: --sign-identity'), 'this skopeo cannot sign for another name')
      expect(signed).toMatchObject({ exitCode: 0 })
      const keyFile = await publicKey()
      await done('verify', `dir:${dir}`, '--key', keyFile, '--identity', `${host}/carried:1`)
      await done('--registries.d', await places(), 'copy', '-q', ...insecure, `dir:${dir}`, name('carried:1'))
      const requirement = { type: 'signedBy', keyType: 'GPGKeys', keyPath: keyFile }
      expect(await skopeoCopies(name('carried:1'), requirement)).toMatchObject({ exitCode: 0 })
    })

    it('a signature is in the lookaside under its number, as others write it', async () => {
      const [repository = ''] = (await readdir(lookaside)).filter((each) => each.startsWith('gpg@'))
      const signature = await readFile(join(lookaside, repository, 'signature-1'))
      expect(await gnupg.verified(signature)).toBe(fingerprint)
    })
  })
})
