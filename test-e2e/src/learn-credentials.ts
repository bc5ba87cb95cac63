import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command-in-process.ts'

export const PASSWORD = 'correct-horse-battery'
/** What the machine has for hosts that nobody names. */
export const OTHER_PASSWORD = 'staple-of-another'

/** How the command learns who the user is: a flag, a file, a helper that a file names for the host or for all, its own `login`. */
export type LearntFrom = 'flag' | 'auth.json' | 'config.json' | 'credHelpers' | 'credsStore' | 'login'

export const STORED: readonly LearntFrom[] = ['auth.json', 'config.json', 'credHelpers', 'credsStore', 'login']

export interface Learnt {
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Hosts {
  /** It takes the credentials. */
  readonly registry: { readonly host: string }
  /** It has credentials of its own on this machine, which nobody asks to be sent. */
  readonly other: { readonly host: string }
}

export interface LearnOptions {
  /** A folder that does not have to exist. */
  readonly home: string
  readonly side: '' | 'src' | 'dest'
}

export async function learn(from: LearntFrom, hosts: Hosts, { home, side }: LearnOptions): Promise<Learnt> {
  const { registry, other } = hosts
  const env = { HOME: home, CROSSDOCK_CONFIG_ROOT: home, XDG_RUNTIME_DIR: join(home, 'run'), PATH: join(home, 'bin') }
  for (const folder of ['run', 'bin', '.docker']) await mkdir(join(home, folder), { recursive: true })
  if (from === 'flag') return { flags: [`--${side}${side === '' ? '' : '-'}creds`, `me:${PASSWORD}`], env }
  const entries = { [registry.host]: entry('me', PASSWORD), ...decoys(other.host) }
  const file = join(home, from === 'config.json' || from === 'credsStore' ? '.docker/config.json' : AUTH_FILE)
  await mkdir(join(file, '..'), { recursive: true })
  if (from === 'login') {
    await writeFile(file, JSON.stringify({ auths: decoys(other.host) }))
    const argv = ['login', '--username', 'me', '--password-stdin', registry.host]
    const { exitCode, stderr } = await runCommand(argv, { env, stdin: PASSWORD })
    if (exitCode !== 0) throw new Error(`the log-in failed: ${stderr}`)
  } else if (from === 'credHelpers') {
    await writeHelper(home, { [registry.host]: ['me', PASSWORD], [other.host]: ['you', OTHER_PASSWORD] })
    const helpers = { [registry.host]: 'test', [other.host]: 'test' }
    await writeFile(file, JSON.stringify({ credHelpers: helpers, auths: decoys('unrelated.example') }))
  } else if (from === 'credsStore') {
    await writeHelper(home, { [registry.host]: ['me', PASSWORD], [other.host]: ['you', OTHER_PASSWORD] })
    await writeFile(file, JSON.stringify({ credsStore: 'test', auths: { [registry.host]: {} } }))
  } else {
    await writeFile(file, JSON.stringify({ auths: entries }))
  }
  return { flags: [], env }
}

const AUTH_FILE = process.platform === 'linux' ? 'run/containers/auth.json' : '.config/containers/auth.json'

/** Entries that would fit badly matched names. */
function decoys(host: string): Readonly<Record<string, object>> {
  const other = entry('you', OTHER_PASSWORD)
  return { [host]: other, '127.0.0.1': other, localhost: other, 'https://127.0.0.1/v2/': other }
}

function entry(username: string, password: string): object {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') }
}

/** Everything that can be seen of a helper's calls, and of who called it, in the list of processes. */
export async function helperCalls(home: string): Promise<readonly { readonly argv: string; readonly input: string }[]> {
  const text = await readFile(join(home, 'calls'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { argv: string; input: string })
}

async function writeHelper(home: string, known: Readonly<Record<string, readonly [string, string]>>): Promise<void> {
  const script = `#!${process.execPath}
const fs = require('node:fs')
const input = fs.readFileSync(0, 'utf8')
const parent = fs.existsSync('/proc') ? fs.readFileSync('/proc/' + process.ppid + '/cmdline', 'utf8') : ''
const argv = process.argv.join(' ') + ' ' + parent.replaceAll('\\0', ' ')
fs.appendFileSync(${JSON.stringify(join(home, 'calls'))}, JSON.stringify({ argv, input }) + '\\n')
const found = ${JSON.stringify(known)}[input]
process.stderr.write('helper: ' + JSON.stringify(found) + '\\n')
if (found === undefined) { process.stdout.write('credentials not found in native keychain'); process.exitCode = 1 }
else process.stdout.write(JSON.stringify({ ServerURL: input, Username: found[0], Secret: found[1] }))
`
  const file = join(home, 'bin/docker-credential-test')
  await writeFile(file, script)
  await chmod(file, 0o755)
}
