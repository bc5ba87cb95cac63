import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FinishedProcess, startProcess } from './start-process.ts'

const DAY_MS = 86_400_000

export interface KeyOptions {
  /** `sign`, or `cert` for a key that only its sub-keys sign for. Default: `sign`. */
  readonly usage?: string
  /** Such as `5d`. Default: never. */
  readonly expires?: string
  /** How many days before today it is made. Default: 0. */
  readonly daysAgo?: number
  /** Default: it has none. */
  readonly passphrase?: string
}

/** GnuPG with a home of its own. Every call throws, with what it said, unless it ends with 0. */
export interface Gnupg extends AsyncDisposable {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  run(
    args: readonly string[],
    options?: { readonly daysAgo?: number; readonly input?: string },
  ): Promise<FinishedProcess>
  /** Makes a key for `NAME@example.com` and gives its fingerprint. */
  makeKey(name: string, algorithm: string, options?: KeyOptions): Promise<string>
  /** The keys of a name, binary. */
  exported(name: string, flags?: readonly string[]): Promise<Buffer>
  /** What `gpg` makes of a content with these arguments, such as `--sign`. */
  signed(content: string | Uint8Array, args: readonly string[], daysAgo?: number): Promise<Buffer>
  /** The fingerprint of the primary key that made a good signature. */
  verified(signature: Uint8Array): Promise<string>
}

export async function createGnupg(program: string): Promise<Gnupg> {
  // The sockets of the agent are in it, whose paths must be short.
  const home = await mkdtemp(join(tmpdir(), 'g-'))
  const env = { PATH: process.env['PATH'], HOME: home, GNUPGHOME: home, LC_ALL: 'C' }
  let given = 0
  const fresh = (): string => join(home, `file-${(given += 1)}`)

  const run: Gnupg['run'] = async (args, { daysAgo = 0, input } = {}) => {
    const time = daysAgo === 0 ? [] : ['--faked-system-time', gnupgTime(new Date(Date.now() - daysAgo * DAY_MS))]
    const argv = [program, '--yes', '--no-tty', '--quiet', '--pinentry-mode', 'loopback', ...time, ...args]
    const child = startProcess(argv, { cwd: home, env, keyboard: input !== undefined })
    if (input !== undefined) {
      child.type(input)
      child.endInput()
    }
    const finished = await child.finished
    if (finished.exitCode !== 0)
      throw new Error(`gpg ${args.join(' ')} ended with ${finished.exitCode}:\n${finished.stderr}`)
    return finished
  }

  const output = async (args: readonly string[], daysAgo?: number): Promise<Buffer> => {
    const file = fresh()
    await run(['--batch', '--output', file, ...args], { daysAgo: daysAgo ?? 0 })
    return await readFile(file)
  }

  return {
    home,
    env,
    run,
    makeKey: async (name, algorithm, { usage = 'sign', expires = 'never', daysAgo = 0, passphrase = '' } = {}) => {
      const user = `${name} <${name}@example.com>`
      await run(['--batch', '--passphrase', passphrase, '--quick-gen-key', user, algorithm, usage, expires], {
        daysAgo,
      })
      const { stdout } = await run(['--batch', '--with-colons', '--list-keys', user])
      const [, fingerprint] = /^fpr:+([0-9A-F]+):/m.exec(stdout.toString()) ?? []
      return fingerprint ?? ''
    },
    exported: (name, flags = ['--export']) => output([...flags, name]),
    signed: async (content, args, daysAgo) => {
      const file = fresh()
      await writeFile(file, content)
      return await output(['--passphrase', '', ...args, file], daysAgo)
    },
    verified: async (signature) => {
      const file = fresh()
      await writeFile(file, signature)
      const { stdout } = await run(['--batch', '--status-fd', '1', '--output', fresh(), '--decrypt', file])
      return /^\[GNUPG:\] VALIDSIG .* ([0-9A-F]+)$/m.exec(stdout.toString())?.[1] ?? ''
    },
    [Symbol.asyncDispose]: async () => {
      await startProcess(['gpgconf', '--homedir', home, '--kill', 'all'], { env }).finished
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** `20260301T120000`. */
function gnupgTime(date: Date): string {
  return date.toISOString().replaceAll(/[-:]|\..*$/g, '')
}
