import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type DockerRegistry, startDockerRegistry } from '../src/docker-registry.ts'
import { type FinishedProcess, runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { tableImage, writeImage } from '../src/verdicts/image.ts'
import { withPeers } from '../src/with-peers.ts'

const NAME = 'registry.example.com/app:1'
const PASSPHRASE = 'pass phrase '

// Keys, signatures in folders and signatures in registries, made by one and used by the other.
describe('sigstore signatures', () => {
  withPeers(['skopeo', 'docker-registry'], ({ skopeo, 'docker-registry': program }) => {
    const stack = new AsyncDisposableStack()
    let crossdock: Crossdock
    let registry: DockerRegistry
    let fresh: (name: string) => string
    let passphrase: string
    let attachments: string
    let unsigned: string
    let ours: string
    let theirs: string
    let knowsSigstore = false

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      registry = stack.use(await startDockerRegistry(program, fresh('registry')))
      passphrase = await file('passphrase', `${PASSPHRASE}\nnot this\n`)
      attachments = fresh('registries.d')
      await mkdir(attachments)
      await writeFile(join(attachments, 'default.yaml'), 'default-docker: { use-sigstore-attachments: true }\n')
      unsigned = fresh('unsigned')
      writeImage(tableImage(), unsigned)
      ours = fresh('ours')
      theirs = fresh('theirs')
      const generate = ['generate-sigstore-key', '--passphrase-file', passphrase, '--output-prefix']
      await crossdock.done([...generate, ours])
      knowsSigstore = (await skopeoRun([...generate, theirs])).exitCode === 0
    })
    afterAll(() => stack.disposeAsync())
    beforeEach(({ skip }) => skip(!knowsSigstore, 'this skopeo was built without sigstore'))

    async function file(name: string, content: string): Promise<string> {
      const path = fresh(name)
      await writeFile(path, content)
      return path
    }

    async function skopeoRun(args: readonly string[]): Promise<FinishedProcess> {
      const home = fresh('skopeo')
      await mkdir(home)
      const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home }
      return runProcess([skopeo, ...args], { cwd: home, env })
    }

    async function skopeoDone(args: readonly string[]): Promise<void> {
      const { exitCode, stderr } = await skopeoRun(args)
      if (exitCode !== 0) throw new Error(`skopeo ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
    }

    /** A policy that takes nothing but signatures by this key for `NAME`. */
    function policyFor(prefix: string, name = NAME): Promise<string> {
      const signedIdentity = { type: 'exactReference', dockerReference: name }
      const requirement = { type: 'sigstoreSigned', keyPath: `${prefix}.pub`, signedIdentity }
      return file('policy', JSON.stringify({ default: [requirement] }))
    }

    const signing = (prefix: string): readonly string[] => [
      '--sign-by-sigstore-private-key',
      `${prefix}.private`,
      '--sign-passphrase-file',
      passphrase,
      '--sign-identity',
      NAME,
    ]

    const signedBySkopeo = async (to: string, prefix: string): Promise<string> => {
      const flags = ['--insecure-policy', '--registries.d', attachments, 'copy', '--dest-tls-verify=false']
      await skopeoDone([...flags, ...signing(prefix), `dir:${unsigned}`, to])
      return to
    }
    const signedByUs = async (to: string, prefix: string): Promise<string> => {
      const flags = ['--insecure-policy', '--registries.d', attachments, 'copy', '--dest-tls-verify=false']
      await crossdock.done([...flags, ...signing(prefix), `dir:${unsigned}`, to])
      return to
    }

    const takenByUs = async (image: string, policy: string): Promise<FinishedProcess> => {
      const flags = ['--policy', policy, '--registries.d', attachments, 'copy', '--src-tls-verify=false']
      return crossdock.run([...flags, image, `dir:${fresh('copy')}`])
    }
    const takenBySkopeo = async (image: string, policy: string): Promise<FinishedProcess> => {
      const flags = ['--policy', policy, '--registries.d', attachments, 'copy', '--src-tls-verify=false']
      return skopeoRun([...flags, image, `dir:${fresh('copy')}`])
    }

    it('makes keys as skopeo does', async () => {
      for (const prefix of [ours, theirs]) {
        const [privateKey, publicKey] = [
          await readFile(`${prefix}.private`, 'utf8'),
          await readFile(`${prefix}.pub`, 'utf8'),
        ]
        expect(privateKey).toMatch(/^-----BEGIN ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY-----\n/)
        expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
        expect((await stat(`${prefix}.private`)).mode & 0o777).toBe(0o600)
      }
    })

    it.each(['ours', 'theirs'] as const)('are carried in folders: with a key of %s', async (whose) => {
      const prefix = { ours, theirs }[whose]
      const policy = await policyFor(prefix)
      const bySkopeo = await signedBySkopeo(`dir:${fresh('signed')}`, prefix)
      expect(await takenByUs(bySkopeo, policy)).toMatchObject({ exitCode: 0 })
      const byUs = await signedByUs(`dir:${fresh('signed')}`, prefix)
      expect(await takenBySkopeo(byUs, policy)).toMatchObject({ exitCode: 0 })
      expect(await takenByUs(byUs, policy)).toMatchObject({ exitCode: 0 })
    })

    it('are carried in registries', async () => {
      const policy = await policyFor(ours)
      const bySkopeo = await signedBySkopeo(`docker://${registry.host}/by-skopeo:1`, ours)
      expect(await takenByUs(bySkopeo, policy)).toMatchObject({ exitCode: 0 })
      const byUs = await signedByUs(`docker://${registry.host}/by-us:1`, ours)
      expect(await takenBySkopeo(byUs, policy)).toMatchObject({ exitCode: 0 })
      expect(await takenByUs(byUs, policy)).toMatchObject({ exitCode: 0 })
    })

    it('are refused of another key, for another name, and where there are none', async () => {
      const signed = await signedBySkopeo(`dir:${fresh('signed')}`, theirs)
      const cases = [
        [signed, await policyFor(ours)],
        [signed, await policyFor(theirs, 'registry.example.com/app:2')],
        [`dir:${unsigned}`, await policyFor(theirs)],
      ] as const
      for (const [image, policy] of cases) {
        expect(await takenByUs(image, policy)).toMatchObject({ exitCode: 4 })
        expect(await takenBySkopeo(image, policy)).toMatchObject({ exitCode: 1 })
      }
    })

    it('is not made with a wrong passphrase, which nobody is shown', async () => {
      const wrong = await file('wrong', 'a wrong secret\n')
      const flags = signing(ours).with(3, wrong)
      const { exitCode, stdout, stderr } = await crossdock.run([
        'copy',
        ...flags,
        `dir:${unsigned}`,
        `dir:${fresh('not-signed')}`,
      ])
      expect(exitCode).not.toBe(0)
      expect(stderr).toContain('passphrase')
      expect(stdout.toString() + stderr).not.toContain('a wrong secret')
    })
  })
})

const BUNDLES = join(import.meta.dirname, 'fixtures/sigstore-bundles')
const WORKFLOW = 'https://github.com/example/app/.github/workflows/release.yml@refs/heads/main'

describe('sigstore bundles', () => {
  const stack = new AsyncDisposableStack()
  let crossdock: Crossdock
  let fresh: (name: string) => string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
  })
  afterAll(() => stack.disposeAsync())

  const byKey = { keyPath: join(BUNDLES, 'signer.pub') }
  const logged = { rekorPublicKeyPath: join(BUNDLES, 'rekor.pub') }
  const fulcio = { caPath: join(BUNDLES, 'root.crt'), oidcIssuer: 'https://accounts.example.com', subjectURI: WORKFLOW }
  const matchDigest = { signedIdentity: { type: 'matchDigest' } }

  async function imageWith(bundle: string): Promise<string> {
    const folder = fresh('image')
    writeImage(tableImage(), folder)
    const payload = await readFile(join(BUNDLES, bundle), 'base64')
    const mimeType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
    const signature = JSON.stringify({ mimeType, payload, annotations: {} })
    await writeFile(join(folder, 'signature-1'), `\0sigstore-json\n${signature}`)
    return `dir:${folder}`
  }

  async function policyWith(requirement: object): Promise<string> {
    const policy = fresh('policy')
    await writeFile(policy, JSON.stringify({ default: [{ type: 'sigstoreSigned', ...requirement }] }))
    return policy
  }

  async function judge(bundle: string, requirement: object): Promise<FinishedProcess> {
    const policy = await policyWith(requirement)
    return crossdock.run(['--policy', policy, 'copy', await imageWith(bundle), `dir:${fresh('copy')}`])
  }

  it.each([
    ['with a key', 'by-key.json', { ...byKey, ...matchDigest }],
    ['with a key, recorded by a log', 'by-key.json', { ...byKey, ...logged, ...matchDigest }],
    ['by a workflow', 'keyless.json', { fulcio, ...logged, ...matchDigest }],
    ['as the bytes of the manifest', 'of-the-manifest.json', { ...byKey, ...matchDigest }],
  ])('are accepted if they are signed %s', async (_, bundle, requirement) => {
    expect(await judge(bundle, requirement)).toMatchObject({ exitCode: 0 })
  })

  it.each([
    ['a policy that asks for a name', 'by-key.json', byKey, /matchDigest/],
    ['another key', 'by-key.json', { keyPath: join(BUNDLES, 'rekor.pub'), ...matchDigest }, /did not make/],
    [
      'another workflow',
      'keyless.json',
      { fulcio: { ...fulcio, subjectURI: `${WORKFLOW}2` }, ...logged, ...matchDigest },
      /not for/,
    ],
    ['no log', 'of-the-manifest.json', { ...byKey, ...logged, ...matchDigest }, /no entry of a log/],
  ])('are refused by %s', async (_, bundle, requirement, reason) => {
    const { exitCode, stderr } = await judge(bundle, requirement)
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: expect.stringMatching(reason) as string })
  })

  it('are carried to a registry, as what refers to the image, and found there', async () => {
    await using registry = await startRegistry()
    const attachments = fresh('registries.d')
    await mkdir(attachments)
    await writeFile(join(attachments, 'default.yaml'), 'default-docker: { use-sigstore-attachments: true }\n')
    const policy = await policyWith({ fulcio, ...logged, ...matchDigest })
    const flags = ['--policy', policy, '--registries.d', attachments, 'copy']
    const image = `docker://${registry.host}/app:1`
    await crossdock.done([...flags, '--dest-tls-verify=false', await imageWith('keyless.json'), image])
    const back = await crossdock.run([...flags, '--src-tls-verify=false', image, `dir:${fresh('copy')}`])
    expect(back).toMatchObject({ exitCode: 0 })
  })
})
