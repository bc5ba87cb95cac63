import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Called, callMain } from '../call-main.ts'

const FILES: Readonly<Record<string, string>> = {
  'etc/containers/registries.conf':
    '[[registry]]\nlocation = "a.com"\n[[registry.mirror]]\nlocation = "m.net:5000/x"\ninsecure = true\n[[registry]]\nlocation = "bad.org"\nblocked = true\n',
  'etc/containers/registries.d/a.yaml': 'docker:\n  a.com:\n    lookaside: https://l\n',
  'home/.docker/config.json': JSON.stringify({
    auths: { 'm.net:5000': { auth: Buffer.from('me:hunter2').toString('base64') } },
  }),
}

/** The command on a machine with these files. */
async function machine(files: Readonly<Record<string, string>> = FILES) {
  const root = await mkdtemp(join(tmpdir(), 'crossdock-machine-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const env = { HOME: join(root, 'home'), USERPROFILE: join(root, 'home'), CROSSDOCK_CONFIG_ROOT: root }
  return { root, call: (...argv: readonly string[]): Promise<Called> => callMain(argv, { env }) }
}

describe('config explain', () => {
  test.each([
    ['{"default": [{"type": "reject"}]', /policy\.json:1:\d+: /],
    ['{"default": []}', /policy\.json:1:13: the list of requirements is empty/],
  ])('fails for the policy %s, which no command could use', async (text, problem) => {
    const { call, root } = await machine({ 'etc/containers/policy.json': text })
    const { stdout, stderr, exitCode } = await call('config', 'explain', 'a.com')
    expect(stdout).toMatch(/decides +\S+policy\.json\n +wrong +\S+policy\.json:1:/)
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(problem)])
    const named = await call('--policy', join(root, 'etc/containers/policy.json'), 'config', 'explain', 'a.com')
    expect(named.stdout).toMatch(/decides +\S+policy\.json \(by --policy\)\n/)
  })

  test('says which file decides, without what is secret', async () => {
    const { call, root } = await machine()
    const { stdout, stderr, exitCode } = await call('config', 'explain', 'a.com/b:1')
    expect([exitCode, stderr]).toEqual([0, ''])
    const file = join(root, 'etc/containers/registries.conf')
    expect(stdout).toContain(`decides     prefix a.com at ${file}:1\n`)
    expect(stdout).toMatch(/read from +m\.net:5000\/x\/b:1 \(mirror, insecure\)\n +then from +a\.com\/b:1\n/)
    expect(stdout).toMatch(/certs\.d for a\.com\n[^]*certs\.d for m\.net:5000\n/)
    expect(stdout).toMatch(/taken from +the entry m\.net:5000, in .*config\.json\n/)
    expect(stdout).toMatch(/read at +https:\/\/l \(a\.com at .*a\.yaml:2\)\n/)
    expect(stdout).toMatch(/decides +no policy: every image is accepted\n$/)
    expect(stdout).not.toMatch(/hunter2|bWU6aHVudGVyMg/)
  })

  test('says it of hosts, and as JSON', async () => {
    const { call } = await machine()
    const host = await call('config', 'explain', 'bad.org')
    expect(host.stdout).toMatch(/decides +prefix bad\.org at .*registries\.conf:6\n/)
    expect(host.stdout).toMatch(/blocked +yes\n/)
    const { stdout } = await call('config', 'explain', '--json', 'bad.org/x')
    expect(JSON.parse(stdout)).toMatchObject({
      subject: { kind: 'image', name: 'bad.org/x' },
      registries: { blocked: expect.stringContaining('bad.org is blocked by') as string },
    })
  })

  test('takes other files by flags', async () => {
    const { call, root } = await machine({
      ...FILES,
      'other.conf': '[[registry]]\nlocation = "a.com"\nblocked = true\n',
    })
    const flags = ['--registries-conf', join(root, 'other.conf'), '--registries.d', join(root, 'none')]
    const { stdout } = await call(...flags, 'config', 'explain', 'a.com/b')
    expect(stdout).toMatch(/blocked +a\.com is blocked by .*other\.conf:1\n/)
    expect(stdout).toMatch(/read at .*\(by default\)\n/)
    const gone = await call('--registries-conf', join(root, 'gone'), 'config', 'explain', 'a.com/b')
    expect(gone.stderr).toContain('does not exist')
    expect(gone.exitCode).not.toBe(0)
  })

  test('fails if a file is wrong, after all that there is to say', async () => {
    const { call } = await machine({ ...FILES, 'etc/containers/registries.d/b.yaml': '\n}' })
    const { stdout, stderr, exitCode } = await call('config', 'explain', 'a.com/b')
    expect(stdout).toContain('m.net:5000/x/b:latest (mirror, insecure)')
    expect(stderr).toMatch(/b\.yaml:2:1: it is not YAML.*\[INVALID_DATA\]\n$/)
    expect(exitCode).toBe(5)
  })

  test('refuses what is neither a host nor an image', async () => {
    const { call } = await machine()
    expect((await call('config', 'explain', 'a b')).stderr).toContain('is not a valid image reference')
    expect((await call('config', 'explain')).exitCode).toBe(64)
  })
})

test('what is blocked is neither read nor written', async () => {
  const { call } = await machine()
  for (const argv of [
    ['inspect', 'docker://bad.org/x'],
    ['copy', 'docker://bad.org/x', 'dir:x'],
    ['list-tags', 'docker://bad.org/x'],
    ['delete', 'docker://bad.org/x'],
  ]) {
    const { stderr, exitCode } = await call(...argv)
    expect(stderr).toMatch(/bad\.org is blocked by .*registries\.conf:6/)
    expect(exitCode).not.toBe(0)
  }
})
