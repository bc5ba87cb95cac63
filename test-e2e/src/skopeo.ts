import { join } from 'node:path'
import { runProcess } from './start-process.ts'

/** skopeo with a home of its own. Every call throws, with what it said, unless it ends with 0. */
export interface Skopeo {
  /** Copies as it is: digests are kept. */
  copy(from: string, to: string, flags?: readonly string[]): Promise<void>
  /** The manifest's bytes. */
  raw(image: string): Promise<Buffer>
  /** Facts of an image; the one for `architecture` if there are several. */
  inspect(image: string, architecture?: string): Promise<Readonly<Record<string, unknown>>>
  run(args: readonly string[]): Promise<Buffer>
}

export function createSkopeo(program: string, home: string): Skopeo {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TMPDIR: home,
    XDG_RUNTIME_DIR: join(home, 'run'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
  }
  const run = async (args: readonly string[]): Promise<Buffer> => {
    const { exitCode, stdout, stderr } = await runProcess([program, '--insecure-policy', ...args], { cwd: home, env })
    if (exitCode !== 0) throw new Error(`skopeo ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
    return stdout
  }
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
  return {
    copy: async (from, to, flags = []) =>
      void (await run(['copy', '-q', '--preserve-digests', ...plain, ...flags, from, to])),
    raw: (image) => run(['inspect', '--tls-verify=false', '--raw', image]),
    inspect: async (image, architecture) => {
      const platform = architecture === undefined ? [] : ['--override-os', 'linux', '--override-arch', architecture]
      const text = await run([...platform, 'inspect', '--tls-verify=false', '--no-tags', image])
      return JSON.parse(text.toString('utf8')) as Readonly<Record<string, unknown>>
    },
    run,
  }
}
