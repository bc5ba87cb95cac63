import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, parseDockerReference } from '@crossdock/core'
import { encodeSignature } from '@crossdock/formats'
import { generateSigstoreKey, sigstoreSigner } from '@crossdock/signature-policy'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callMain, type Called } from '../call-main.ts'

let root: string
/** A flat folder with an image that `signer` says is `example.com/app:1`; an image of the same, unsigned; an index. */
let signed: string
let unsigned: string
let index: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-policy-'))
  const [image] = await buildImages({ folder: join(root, 'layout'), shapes: ['multiarch'], scale: 0.001 })
  index = `oci:${image?.folder}:latest`
  signed = join(root, 'signed')
  unsigned = join(root, 'unsigned')
  for (const folder of [signed, unsigned]) {
    await callMain(['copy', '--override-arch', 'amd64', index, `dir:${folder}`])
  }
  const bytes = await readFile(join(signed, 'manifest.json'))
  const { privateKey, publicKey } = await generateSigstoreKey({ passphrase: 'x' })
  await writeFile(join(root, 'key.pub'), publicKey)
  const signer = await sigstoreSigner({ privateKey, passphrase: 'x' })
  const manifest = { bytes, mediaType: '', digest: digestOf(bytes) }
  const signature = await signer.sign(manifest, parseDockerReference('example.com/app:1'))
  await writeFile(join(signed, 'signature-1'), encodeSignature(signature))
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** A policy file that asks for signatures of `dockerReference`, of images in the folder. */
async function policyFile(dockerReference: string): Promise<string> {
  const signedIdentity = { type: 'exactReference', dockerReference }
  const requirement = { type: 'sigstoreSigned', keyPath: join(root, 'key.pub'), signedIdentity }
  const policy = { default: [{ type: 'reject' }], transports: { dir: { [root]: [requirement] } } }
  const file = join(root, `policy-${digestOf(Buffer.from(dockerReference)).slice(-8)}.json`)
  await writeFile(file, JSON.stringify(policy))
  return file
}

const copyTo = (name: string, ...args: readonly string[]): Promise<Called> =>
  callMain(['copy', '--override-arch', 'amd64', ...args, `dir:${join(root, name)}`])

const exists = (name: string): Promise<boolean> =>
  stat(join(root, name)).then(
    () => true,
    () => false,
  )

describe('copy and plan', () => {
  test('take what the policy accepts', async () => {
    const policy = await policyFile('example.com/app:1')
    expect((await copyTo('accepted', '--policy', policy, `dir:${signed}`)).exitCode).toBe(0)
    expect((await callMain(['plan', '--policy', policy, `dir:${signed}`, `dir:${root}/x`])).exitCode).toBe(0)
  })

  test('refuse what it rejects, before anything is written', async () => {
    const policy = await policyFile('example.com/app:2')
    const { exitCode, stderr } = await copyTo('rejected', '--policy', policy, `dir:${signed}`)
    expect(exitCode).toBe(4)
    expect(stderr).toContain(
      `source: dir:${signed} is refused by the policy ${policy}, dir "${root}", requirement 1 (sigstoreSigned): the signature by the key `,
    )
    expect(stderr).toContain('vouches for example.com/app:1, but the policy asks for example.com/app:2; ')
    expect(stderr).toContain(`"crossdock policy explain --policy ${policy} dir:${signed}" shows what was looked at`)
    expect(await exists('rejected')).toBe(false)
    expect((await callMain(['plan', '--policy', policy, `dir:${signed}`, `dir:${root}/x`])).exitCode).toBe(4)
  })

  test('refuse an unsigned image where a signature is asked for', async () => {
    const policy = await policyFile('example.com/app:1')
    const { exitCode, stderr } = await copyTo('rejected', '--policy', policy, `dir:${unsigned}`)
    expect([exitCode, stderr]).toEqual([
      4,
      expect.stringContaining('a sigstore signature is needed, and the image has none'),
    ])
  })

  test('say once that there is no policy, and not with --quiet', async () => {
    const said = 'there is no policy.json on this machine: images are accepted whether they are signed or not\n'
    const { stderr } = await copyTo('a', `dir:${unsigned}`)
    expect(stderr.split(said)).toHaveLength(2)
    expect((await copyTo('b', '--quiet', `dir:${unsigned}`)).stderr).toBe('')
    expect((await copyTo('c', '--insecure-policy', `dir:${unsigned}`)).stderr).not.toContain('policy.json')
    const lines = (await copyTo('d', '--progress=json', `dir:${unsigned}`)).stderr.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ type: 'note', message: said.trimEnd() }),
    )
  })
})

describe('which policy', () => {
  test('that of the machine, unless a variable or a flag names another, or --insecure-policy does without', async () => {
    const machine = join(root, 'machine')
    await mkdir(join(machine, 'etc/containers'), { recursive: true })
    await writeFile(join(machine, 'etc/containers/policy.json'), '{"default":[{"type":"reject"}]}')
    const other = await policyFile('example.com/app:1')
    const env = { CROSSDOCK_CONFIG_ROOT: machine }
    const explain = (args: readonly string[], more = {}) =>
      callMain(['policy', 'explain', ...args, `dir:${signed}`], { env: { ...env, ...more } })
    const refused = await explain([])
    expect(refused).toMatchObject({
      exitCode: 4,
      stdout: expect.stringContaining(`${machine}/etc/containers/policy.json`),
    })
    expect((await explain([], { CONTAINERS_POLICY_JSON: other })).exitCode).toBe(0)
    expect((await explain(['--policy', other])).exitCode).toBe(0)
    expect((await explain(['--insecure-policy'])).exitCode).toBe(0)
  })

  test.each<[string, (file: string) => Promise<unknown>, RegExp]>([
    ['is not there', (file) => rm(file, { force: true }), /does not exist/],
    ['is a folder', (file) => mkdir(file), /not a regular file/],
    ['is no JSON', (file) => writeFile(file, '{"default":'), /:1:\d+: it is not JSON/],
    [
      'has a key twice',
      (file) => writeFile(file, '{"default":[{"type":"reject"}],\n"default":[]}'),
      /:2:1: the key "default" occurs twice/,
    ],
    ['is empty', (file) => writeFile(file, ''), /it is not JSON/],
  ])('one that %s refuses every image', async (_, prepare, reason) => {
    const file = join(root, 'broken.json')
    await rm(file, { recursive: true, force: true })
    await prepare(file)
    for (const argv of [
      ['copy', `dir:${signed}`, `dir:${root}/never`],
      ['plan', `dir:${signed}`, `dir:${root}/never`],
      ['policy', 'explain', `dir:${signed}`],
    ]) {
      const { exitCode, stderr } = await callMain(['--policy', file, ...argv])
      expect(stderr).toMatch(reason)
      expect(stderr).toMatch(
        /^crossdock: no image is accepted, because the policy cannot be used: .*\[REJECTED_BY_POLICY\]\n$/s,
      )
      expect(exitCode).toBe(4)
    }
    expect(await exists('never')).toBe(false)
  })

  test('--require-policy refuses without one, and is content with one', async () => {
    const { exitCode, stderr } = await copyTo('never', '--require-policy', `dir:${signed}`)
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('--policy FILE')])
    const policy = await policyFile('example.com/app:1')
    expect((await copyTo('required', '--require-policy', '--policy', policy, `dir:${signed}`)).exitCode).toBe(0)
  })

  test('--require-signed refuses what is accepted without a look at signatures', async () => {
    const policy = await policyFile('example.com/app:1')
    expect((await copyTo('checked', '--require-signed', '--policy', policy, `dir:${signed}`)).exitCode).toBe(0)
    expect((await copyTo('never', '--require-signed', `dir:${signed}`)).exitCode).toBe(4)
  })

  test.each(['--require-signed', '--require-policy'])('--insecure-policy and %s exclude each other', async (flag) => {
    const { exitCode, stderr } = await copyTo('never', '--insecure-policy', flag, `dir:${signed}`)
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining(flag)])
  })
})

describe('policy explain', () => {
  test('warns of scopes that no image falls into', async () => {
    const file = join(root, 'vain.json')
    const accept = [{ type: 'insecureAcceptAnything' }]
    const scopes = { busybox: [{ type: 'reject' }], 'docker.io/library/busybox': accept, '': accept }
    await writeFile(file, JSON.stringify({ default: accept, transports: { docker: scopes } }))
    const { exitCode, stderr } = await callMain(['policy', 'explain', '--policy', file, `dir:${signed}`])
    expect(exitCode).toBe(0)
    expect(stderr.match(/^warning: .*$/gm)).toEqual([
      expect.stringMatching(/^warning: no image falls into the scope "busybox" of docker: .*docker\.io\/library\/NAME/),
    ])
  })

  test('prints scope, requirement and signature', async () => {
    const policy = await policyFile('example.com/app:1')
    const { exitCode, stdout, stderr } = await callMain(['policy', 'explain', '--policy', policy, `dir:${signed}`])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^scope   dir "${root}", nothing is said of "${signed}"$`, 'm'))
    expect(stdout).toMatch(
      /^\+ requirement 1, sigstoreSigned: a sigstore signature by a key of .*, for example.com\/app:1$/m,
    )
    expect(stdout).toMatch(
      /^ {4}\+ signature 1, sigstore: the signature by the key SHA256:[0-9a-f]{64} vouches for example.com\/app:1$/m,
    )
    expect(stdout).toMatch(/^accepted: /m)
  })

  test('ends with 4 and the same tree for what is refused', async () => {
    const policy = await policyFile('example.com/app:2')
    const { exitCode, stdout, stderr } = await callMain(['policy', 'explain', '--policy', policy, `dir:${signed}`])
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(
      /^ {4}- signature 1, sigstore: .* vouches for example.com\/app:1, but the policy asks for example.com\/app:2$/m,
    )
    expect(stderr).toMatch(/^crossdock: dir:.* is refused: .*\[REJECTED_BY_POLICY\]\n$/)
  })

  test('gives the judgement as JSON', async () => {
    const policy = await policyFile('example.com/app:1')
    const { stdout } = await callMain(['policy', 'explain', '--json', '--policy', policy, `dir:${signed}`])
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'accepted',
      judgements: [
        {
          outcome: 'accepted',
          policy,
          scope: { transport: 'dir', scope: root },
          requirements: [{ type: 'sigstoreSigned', verifies: true, signatures: [{ number: 1, outcome: 'accepted' }] }],
        },
      ],
    })
  })

  test('of an index that is refused judges the image in its place, as a copy does', async () => {
    const policy = join(root, 'reject.json')
    await writeFile(policy, '{"default":[{"type":"reject"}]}')
    const flags = ['--json', '--policy', policy, '--platform', 'linux/arm64']
    const { exitCode, stdout } = await callMain(['policy', 'explain', ...flags, index])
    expect(exitCode).toBe(4)
    const { judgements } = JSON.parse(stdout) as { judgements: readonly { instance?: string }[] }
    expect(judgements.map(({ instance }) => instance)).toEqual([undefined, expect.stringMatching(/^sha256:/)])
  })
})
