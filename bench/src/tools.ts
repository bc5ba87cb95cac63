import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { delimiter, join, resolve } from 'node:path'

/** What a tool is asked to do. Images are `HOST:PORT/REPOSITORY:TAG`; folders are OCI layouts, the tag in them is `latest`. */
export type Operation =
  | { readonly kind: 'pull'; readonly from: string; readonly folder: string }
  | { readonly kind: 'push'; readonly folder: string; readonly to: string }
  | { readonly kind: 'copy'; readonly from: string; readonly to: string }
  | { readonly kind: 'inspect'; readonly image: string }
  | { readonly kind: 'list-tags'; readonly repository: string }
  | { readonly kind: 'version' }

export interface Tool {
  readonly name: string
  readonly version: string
  command(operation: Operation): readonly string[]
}

type CommandLine = readonly string[]

/** A tool's command line for each operation. */
interface CommandLines {
  pull(from: string, folder: string): CommandLine
  push(folder: string, to: string): CommandLine
  copy(from: string, to: string): CommandLine
  inspect(image: string): CommandLine
  listTags(repository: string): CommandLine
  version(): CommandLine
}

const root = resolve(import.meta.dirname, '../..')

/** How this project's command is run. */
export const crossdock: readonly string[] = [process.execPath, join(root, 'packages/cli/bin/crossdock.js')]

export interface FindToolsOptions {
  /** Names of those that are wanted. Default: all. */
  readonly only?: readonly string[] | undefined
  /** Where the floor's program is written to; exists. */
  readonly folder: string
}

/** The peers that are in PATH, then this project's command, then the floor. */
export function findTools({ only, folder }: FindToolsOptions): readonly Tool[] {
  const peers = Object.entries(PEERS).flatMap(([name, lines]) => {
    const path = findInPath(name)
    return path === undefined ? [] : [createTool(name, [path], lines)]
  })
  const ours = createTool('crossdock', crossdock, CROSSDOCK)
  const floor = createTool('floor', [process.execPath], floorLines(writeFloor(folder)))
  return [...peers, ours, floor].filter(({ name }) => only === undefined || only.includes(name))
}

function createTool(name: string, executable: CommandLine, lines: CommandLines): Tool {
  return {
    name,
    version: readVersion([...executable, ...lines.version()]),
    command: (operation) => [...executable, ...argumentsFor(lines, operation)],
  }
}

function argumentsFor(lines: CommandLines, operation: Operation): CommandLine {
  switch (operation.kind) {
    case 'pull':
      return lines.pull(operation.from, operation.folder)
    case 'push':
      return lines.push(operation.folder, operation.to)
    case 'copy':
      return lines.copy(operation.from, operation.to)
    case 'inspect':
      return lines.inspect(operation.image)
    case 'list-tags':
      return lines.listTags(operation.repository)
    default:
      return lines.version()
  }
}

export function findInPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function readVersion(argv: CommandLine): string {
  const [command = '', ...rest] = argv
  try {
    const text = execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+\.\d+\.\d+[\w.+-]*/.exec(text)?.[0] ?? ''
  } catch {
    return 'of unknown version'
  }
}

const INSECURE = ['--src-tls-verify=false', '--dest-tls-verify=false']

const CROSSDOCK: CommandLines = {
  pull: (from, folder) => ['copy', '--all', '-q', ...INSECURE, `docker://${from}`, `oci:${folder}:latest`],
  push: (folder, to) => ['copy', '--all', '-q', ...INSECURE, `oci:${folder}:latest`, `docker://${to}`],
  copy: (from, to) => ['copy', '--all', '-q', ...INSECURE, `docker://${from}`, `docker://${to}`],
  inspect: (image) => ['inspect', '--tls-verify=false', '--format', 'json', `docker://${image}`],
  listTags: (repository) => ['list-tags', '--tls-verify=false', `docker://${repository}`],
  version: () => ['--version'],
}

const SKOPEO_COPY = ['copy', '--insecure-policy', '--all', '-q', ...INSECURE]

const SKOPEO: CommandLines = {
  pull: (from, folder) => [...SKOPEO_COPY, `docker://${from}`, `oci:${folder}:latest`],
  push: (folder, to) => [...SKOPEO_COPY, `oci:${folder}:latest`, `docker://${to}`],
  copy: (from, to) => [...SKOPEO_COPY, `docker://${from}`, `docker://${to}`],
  inspect: (image) => ['inspect', '--no-tags', '--tls-verify=false', `docker://${image}`],
  listTags: (repository) => ['list-tags', '--tls-verify=false', `docker://${repository}`],
  version: () => ['--version'],
}

const CRANE: CommandLines = {
  pull: (from, folder) => ['pull', '--insecure', '--format=oci', from, folder],
  push: (folder, to) => ['push', '--insecure', '--index', folder, to],
  copy: (from, to) => ['copy', '--insecure', from, to],
  inspect: (image) => ['config', '--insecure', image],
  listTags: (repository) => ['ls', '--insecure', repository],
  version: () => ['version'],
}

const REGCTL: CommandLines = {
  pull: (from, folder) => [...overHttp(from), 'image', 'copy', from, `ocidir://${folder}:latest`],
  push: (folder, to) => [...overHttp(to), 'image', 'copy', `ocidir://${folder}:latest`, to],
  copy: (from, to) => [...overHttp(from), ...overHttp(to), 'image', 'copy', from, to],
  inspect: (image) => [...overHttp(image), 'image', 'inspect', image],
  listTags: (repository) => [...overHttp(repository), 'tag', 'ls', repository],
  version: () => ['version'],
}

function overHttp(image: string): CommandLine {
  return ['--host', `reg=${image.split('/')[0] ?? ''},tls=disabled`]
}

const ORAS: CommandLines = {
  pull: (from, folder) => ['cp', '--no-tty', '--from-plain-http', from, '--to-oci-layout', `${folder}:latest`],
  push: (folder, to) => ['cp', '--no-tty', '--from-oci-layout', `${folder}:latest`, '--to-plain-http', to],
  copy: (from, to) => ['cp', '--no-tty', '--from-plain-http', '--to-plain-http', from, to],
  inspect: (image) => ['manifest', 'fetch-config', '--plain-http', image],
  listTags: (repository) => ['repo', 'tags', '--plain-http', repository],
  version: () => ['version'],
}

const PEERS: Readonly<Record<string, CommandLines>> = { skopeo: SKOPEO, crane: CRANE, regctl: REGCTL, oras: ORAS }

/** As JavaScript, so that stripping the types is no part of what is measured. */
function writeFloor(folder: string): string {
  const script = join(folder, 'floor.mjs')
  writeFileSync(script, stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'floor.ts'), 'utf8')))
  return script
}

/** Only what scenarios with a floor ask for. */
function floorLines(script: string): CommandLines {
  return {
    pull: (from, folder) => [script, 'pull', from, folder],
    push: (folder, to) => [script, 'push', folder, to],
    copy: withoutFloor,
    inspect: withoutFloor,
    listTags: withoutFloor,
    version: () => ['-p', 'process.versions.node'],
  }
}

function withoutFloor(): never {
  throw new Error('there is no floor for this')
}
