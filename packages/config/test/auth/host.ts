import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { ImageError } from '@crossdock/core'
import { onTestFinished } from 'vitest'
import type { HostEnvironment } from '../../src/index.ts'

/** A machine in a folder, which ends with the test. */
export interface TestHost {
  readonly folder: string
  readonly environment: HostEnvironment
  /** Writes a file below the folder, and gives its path. */
  write(path: string, content: string | object): Promise<string>
  read(path: string): Promise<string>
  /** Installs a credential helper; what it does is JavaScript with `verb`, `input` and `say`. */
  helper(name: string, script: string): Promise<void>
}

/** With a home and a runtime folder, and no programs but those that the test installs. */
export async function testHost(env: Readonly<Record<string, string>> = {}): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-auth-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const bin = join(folder, 'bin')
  for (const name of ['home', 'run', 'bin', 'root']) await mkdir(join(folder, name))
  const write = async (path: string, content: string | object): Promise<string> => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  return {
    folder,
    environment: {
      env: { PATH: ['', '.', bin].join(delimiter), XDG_RUNTIME_DIR: join(folder, 'run'), ...env },
      home: join(folder, 'home'),
      platform: 'linux',
      uid: 1000,
      root: join(folder, 'root'),
    },
    write,
    read: (path) => readFile(join(folder, path), 'utf8'),
    helper: async (name, script) => {
      const text = `#!${process.execPath}
const fs = require('node:fs')
const verb = process.argv[2]
const input = fs.readFileSync(0, 'utf8')
const folder = ${JSON.stringify(folder)}
fs.appendFileSync(folder + '/calls', JSON.stringify([process.argv.slice(1).join(' '), input]) + '\\n')
const say = (text, code = 0) => { process.stdout.write(typeof text === 'string' ? text : JSON.stringify(text)); process.exitCode = code }
${script}
`
      await chmod(await write(`bin/docker-credential-${name}`, text), 0o755)
    },
  }
}

/** A helper that keeps what it is told in a file. */
export const KEEPING = `
const file = folder + '/kept.json'
const kept = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}
const save = () => fs.writeFileSync(file, JSON.stringify(kept))
if (verb === 'store') { const { ServerURL, Username, Secret } = JSON.parse(input); kept[ServerURL] = { ServerURL, Username, Secret }; save() }
else if (verb === 'list') say(Object.fromEntries(Object.values(kept).map((one) => [one.ServerURL, one.Username])))
else if (!(input in kept)) say('credentials not found in native keychain\\n', 1)
else if (verb === 'get') say(kept[input])
else { delete kept[input]; save() }
`

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** An entry of `auths`. */
export function entry(username: string, password: string): { readonly auth: string } {
  return { auth: base64(`${username}:${password}`) }
}

/** What the work is refused with; undefined if it is not. Whatever else it throws is a defect, and thrown. */
export function refusalOf(work: () => unknown): ImageError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
}
