import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { createSkopeo } from '../src/skopeo.ts'
import { startProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PASSWORD = 'correct-horse-battery'
const USERS = { me: PASSWORD }

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let image: WrittenImage
let server: RegistryServer

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  image = await writeLayout(fresh('image'), { layers: [30_000], content: 'random' })
  server = await startRegistry({ auth: { kind: 'token', users: USERS } })
  stack.defer(() => server.close())
  const argv = [
    'copy',
    '-q',
    '--dest-creds',
    `me:${PASSWORD}`,
    `oci:${image.folder}:latest`,
    `docker://${server.host}/team/app:0`,
  ]
  const { exitCode, stderr } = await runCommand(argv)
  if (exitCode !== 0) throw new Error(stderr)
})
afterAll(() => stack.disposeAsync())

async function writeFileBelow(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

/** A command with a home and a runtime folder of its own. */
async function freshCrossdock(): Promise<Crossdock> {
  const home = fresh('home')
  await mkdir(join(home, 'run'), { recursive: true })
  return await createCrossdock(home)
}

/** Logs in with the password on stdin. */
async function logIn(crossdock: Crossdock, args: readonly string[]): Promise<void> {
  const running = crossdock.start(['login', '--username', 'me', '--password-stdin', ...args], { keyboard: true })
  running.type(`${PASSWORD}\n`)
  running.endInput()
  const { exitCode, stderr } = await running.finished
  if (exitCode !== 0) throw new Error(stderr)
}

describe('a log-in', () => {
  it('is enough for everything that comes after it, and its end is one', async () => {
    const crossdock = await freshCrossdock()
    const name = `docker://${server.host}/team/app:1`
    await logIn(crossdock, [server.host])
    await crossdock.done(['copy', '-q', `oci:${image.folder}:latest`, name])
    expect((await crossdock.done(['digest', name])).stdout.toString().trim()).toBe(image.digest)
    await crossdock.done(['copy', '-q', name, `docker://${server.host}/other/app:1`])
    const token = (await crossdock.done(['auth', 'token', `${server.host}/team/app`])).stdout.toString().trim()
    const answer = await fetch(`${server.url.href}v2/team/app/tags/list`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await answer.json()).toMatchObject({ tags: ['0', '1'] })
    await crossdock.done(['logout', server.host])
    const { exitCode, stderr } = await crossdock.run(['digest', name])
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`crossdock login ${server.host} does that`)
  })

  it('of several at once is that of each', async () => {
    const crossdock = await freshCrossdock()
    const keys = Array.from({ length: 6 }, (_, index) => `${server.host}/team-${index}`)
    await Promise.all(keys.map((key) => logIn(crossdock, [key])))
    const file = join(
      crossdock.env['HOME'] ?? '',
      process.platform === 'linux' ? 'run' : 'config',
      'containers/auth.json',
    )
    expect(Object.keys((JSON.parse(await readFile(file, 'utf8')) as { auths: object }).auths).toSorted()).toEqual(keys)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('shows the password to nobody who sees the list of processes', async () => {
    const crossdock = await freshCrossdock()
    const home = crossdock.env['HOME'] ?? ''
    const seen = join(home, 'seen')
    const helper = await writeFileBelow(
      join(home, 'bin/docker-credential-see'),
      `#!/bin/sh
input=$(cat)
for pid in $$ $PPID; do tr '\\0' ' ' < /proc/$pid/cmdline >> '${seen}'; done
case "$1" in get) echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"${PASSWORD}\\"}";; esac
`,
    )
    await chmod(helper, 0o755)
    const env = { PATH: `${dirname(helper)}:${crossdock.env['PATH']}` }
    const authFile = await writeFileBelow(join(home, 'auth.json'), JSON.stringify({ credsStore: 'see' }))
    const running = crossdock.start(
      ['--authfile', authFile, 'login', '--username', 'me', '--password-stdin', '--verbose', server.host],
      { keyboard: true, env },
    )
    running.type(PASSWORD)
    running.endInput()
    expect(await running.finished).toMatchObject({
      exitCode: 0,
      stderr: 'Used: docker-credential-see\nLogin Succeeded!\n',
    })
    await crossdock.run(['--authfile', authFile, 'digest', `docker://${server.host}/team/app:1`], { env })
    const text = await readFile(seen, 'utf8')
    expect(text).toMatch(/docker-credential-see store .*docker-credential-see get /s)
    expect(text).not.toContain(PASSWORD)
    expect(await readFile(authFile, 'utf8')).toBe(JSON.stringify({ credsStore: 'see' }))
  })
})

describe('with skopeo', () => {
  withPeers(['skopeo'], ({ skopeo: program }) => {
    it('each reads what the other keeps, and forgets it', async () => {
      const crossdock = await freshCrossdock()
      const home = crossdock.env['HOME'] ?? ''
      const skopeo = createSkopeo(program, home)
      const name = `docker://${server.host}/shared/app:1`
      await logIn(crossdock, [server.host])
      await skopeo.run([
        'copy',
        '-q',
        '--preserve-digests',
        '--dest-tls-verify=false',
        `oci:${image.folder}:latest`,
        name,
      ])
      await skopeo.run(['logout', server.host])
      expect((await crossdock.run(['digest', name])).exitCode).toBe(3)
      await skopeo.run(['login', '--tls-verify=false', '-u', 'me', '-p', PASSWORD, `${server.host}/shared`])
      expect((await crossdock.done(['digest', name])).stdout.toString().trim()).toBe(image.digest)
      await crossdock.done(['logout', `${server.host}/shared`])
      await expect(skopeo.run(['inspect', '--tls-verify=false', name])).rejects.toThrow(
        /authentication required|unauthorized/,
      )
    })

    it("finds what is kept in Docker's file, and not what was forgotten", async () => {
      const crossdock = await freshCrossdock()
      const home = crossdock.env['HOME'] ?? ''
      const skopeo = createSkopeo(program, home)
      const file = await writeFileBelow(
        join(home, '.docker/config.json'),
        '{\n\t"psFormat": "table",\n\t"auths": {}\n}',
      )
      await logIn(crossdock, ['--compat-auth-file', file, server.host])
      const tags = ['list-tags', '--tls-verify=false', `docker://${server.host}/shared/app`]
      await skopeo.run(tags)
      await crossdock.done(['logout', '--compat-auth-file', file, server.host])
      await expect(skopeo.run(tags)).rejects.toThrow(/authentication required|unauthorized/)
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ psFormat: 'table', auths: {} })
    })
  })
})

describe('on a terminal', () => {
  withPeers(['script'], ({ script }) => {
    it('asks for what is not given, and what is typed as the password is not seen', async () => {
      const crossdock = await freshCrossdock()
      const words = [...crossdock.argv, 'login', server.host].map((word) => `'${word}'`).join(' ')
      const argv = [script, '--quiet', '--return', '--command', words, '/dev/null']
      await using running = startProcess(argv, { env: { ...crossdock.env, TERM: 'xterm' }, keyboard: true })
      await running.untilOutput('stdout', /Username: /)
      running.type('me\r')
      await running.untilOutput('stdout', /Password: /)
      running.type(`x\u007F${PASSWORD}\r`)
      const { exitCode, stdout } = await running.finished
      const drawn = stripVTControlCharacters(stdout.toString())
      expect({ exitCode, drawn }).toEqual({ exitCode: 0, drawn: expect.stringContaining('Login Succeeded!') })
      expect(drawn).not.toMatch(/correct|horse|battery/)
    })

    it('Ctrl-C at the password ends it, and the terminal is as before', async () => {
      const crossdock = await freshCrossdock()
      const words = [...crossdock.argv, 'login', '-u', 'me', server.host].map((word) => `'${word}'`).join(' ')
      const line = `${words}; code=$?; stty -a | grep -o -- '-\\?echo '; exit $code`
      const argv = [script, '--quiet', '--return', '--command', line, '/dev/null']
      await using running = startProcess(argv, { env: { ...crossdock.env, TERM: 'xterm' }, keyboard: true })
      await running.untilOutput('stdout', /Password: /)
      running.type('\u0003')
      const { exitCode, stdout } = await running.finished
      expect({ exitCode, said: stdout.toString() }).toEqual({ exitCode: 130, said: expect.stringMatching(/^echo /m) })
    })
  })
})

// Catalogue E 100 to 103: what others have got wrong about files and helpers.
describe('a file with credentials', () => {
  const entry = { auth: Buffer.from(`me:${PASSWORD}`).toString('base64') }
  const HELPERS: Readonly<Record<string, string>> = {
    good: `echo '{"ServerURL":"x","Username":"me","Secret":"${PASSWORD}"}'`,
    garbage: `echo 'SECRET in no form'`,
    fail: `echo 'SECRET of a failure'; echo SECRET >&2; exit 1`,
    none: `echo 'credentials not found in native keychain'; exit 1`,
    huge: `head -c 1000000 /dev/zero | tr '\\0' S`,
    slow: 'exec tail -f /dev/null',
  }

  async function digestWith(document: string | ((host: string) => object), flags: readonly string[] = []) {
    const home = fresh('home')
    const text = typeof document === 'string' ? document : JSON.stringify(document(server.host))
    const file = await writeFileBelow(join(home, '.docker/config.json'), text)
    for (const [name, script] of Object.entries(HELPERS)) {
      const program = await writeFileBelow(
        join(home, `bin/docker-credential-${name}`),
        `#!/bin/sh\ncat >/dev/null\n${script}\n`,
      )
      await chmod(program, 0o755)
    }
    await chmod(await writeFileBelow(join(home, 'evil'), `#!/bin/sh\ntouch '${home}/ran'\n`), 0o755)
    const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home, PATH: `${join(home, 'bin')}:/usr/bin:/bin` }
    const before = server.requests.length
    const finished = await runCommand(['--debug', 'list-tags', ...flags, `docker://${server.host}/team/app`], { env })
    const ran = await stat(`${home}/ran`).then(
      () => true,
      () => false,
    )
    const sent = server.requests
      .slice(before)
      .some(({ headers }) => headers.authorization?.startsWith('Basic') === true)
    return { ...finished, ran, sent, says: finished.failure.replaceAll(file, 'FILE') }
  }

  const NOTHING = /^$/

  it.each<[string, string | ((host: string) => object), number, RegExp]>([
    ['of the host', (host) => ({ auths: { [host]: entry } }), 0, NOTHING],
    ['of the repository', (host) => ({ auths: { [`${host}/team/app`]: entry } }), 0, NOTHING],
    ['of what it is in', (host) => ({ auths: { [`${host}/team`]: entry } }), 0, NOTHING],
    ['of another port', () => ({ auths: { '127.0.0.1:1': entry } }), 3, /; log in to /],
    ['of the host without a port', () => ({ auths: { '127.0.0.1': entry } }), 3, /; log in to /],
    ['of what begins like it', (host) => ({ auths: { [`${host}/tea`]: entry } }), 3, /; log in to /],
    ['without base64', (host) => ({ auths: { [host]: { auth: 'SECRET!' } } }), 5, /^FILE:1:\d+: "auth" is not base64/],
    ['that is no JSON', 'SECRET', 5, /^FILE:1:1: it is not JSON/],
    ['that is empty', '', 5, /^FILE:1:1: it is not JSON/],
    [
      'with ../ as a helper',
      (host) => ({ credHelpers: { [host]: '../../evil' } }),
      5,
      /FILE names a credential helper that/,
    ],
    ['with a command as a helper', (host) => ({ credHelpers: { [host]: 'x; touch ran' } }), 5, /that cannot be one/],
    ['with a helper', (host) => ({ credHelpers: { [host]: 'good' } }), 0, NOTHING],
    ['with a helper for all', () => ({ credsStore: 'good' }), 0, NOTHING],
    ['with a helper that is not there', (host) => ({ credHelpers: { [host]: 'away' } }), 3, /PATH has no such program/],
    ['with one for all that is not there', () => ({ credsStore: 'away' }), 3, /credsStore in FILE says/],
    ['with a helper that has nothing', (host) => ({ credHelpers: { [host]: 'none' } }), 3, /; log in to /],
    [
      'with a helper that talks',
      (host) => ({ credHelpers: { [host]: 'garbage' } }),
      5,
      /not that of a credential helper/,
    ],
    [
      'with a helper that fails',
      (host) => ({ credHelpers: { [host]: 'fail' } }),
      3,
      /docker-credential-fail failed to get/,
    ],
    ['with a helper that never ends', (host) => ({ credHelpers: { [host]: 'huge' } }), 1, /more than 65536 bytes/],
  ])('%s', async (_, document, code, says) => {
    const found = await digestWith(document)
    expect(found.exitCode).toBe(code)
    expect(found.says).toMatch(says)
    expect({ ran: found.ran, sent: found.sent }).toEqual({ ran: false, sent: code === 0 })
    expect(found.stderr).not.toMatch(/SECRET|correct-horse/)
  })

  it('with a helper that hangs is left when the command has to end', async () => {
    const found = await digestWith((host) => ({ credHelpers: { [host]: 'slow' } }), ['--command-timeout', '1s'])
    expect(found).toMatchObject({ exitCode: 6, sent: false })
  })
})
