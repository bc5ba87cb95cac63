import type { Operation } from './operation.ts'

type CommandLine = readonly string[]

/** The operation of a kind. */
type Of<Kind extends Operation['kind']> = Extract<Operation, { readonly kind: Kind }>

/** A tool's arguments for each operation that it has. */
export type CommandLines = {
  readonly [Kind in Operation['kind']]?: (operation: Of<Kind>) => CommandLine
}

/** What everybody is told: a registry may speak plain http, and certificates are not checked. */
const SOURCE_INSECURE = '--src-tls-verify=false'
const INSECURE = [SOURCE_INSECURE, '--dest-tls-verify=false']
const TO_ZSTD = [SOURCE_INSECURE, '--dest-compress-format=zstd', '--dest-force-compress-format']
/** What an image is called in an archive. */
const SAVED = 'bench/saved:latest'

export const CROSSDOCK: CommandLines = {
  pull: ({ from, folder }) => ['copy', '--all', '-q', ...INSECURE, `docker://${from}`, `oci:${folder}:latest`],
  push: ({ folder, to }) => ['copy', '--all', '-q', ...INSECURE, `oci:${folder}:latest`, `docker://${to}`],
  copy: ({ from, to }) => ['copy', '--all', '-q', ...INSECURE, `docker://${from}`, `docker://${to}`],
  folder: ({ from, folder }) => ['copy', '--all', '-q', `oci:${from}:latest`, `oci:${folder}:latest`],
  save: ({ from, archive }) => [
    'copy',
    '-q',
    SOURCE_INSECURE,
    `docker://${from}`,
    `docker-archive:${archive}:${SAVED}`,
  ],
  load: ({ archive, to }) => ['copy', '--all', '-q', ...INSECURE, `oci-archive:${archive}:latest`, `docker://${to}`],
  recompress: ({ from, folder }) => ['copy', '-q', ...TO_ZSTD, `docker://${from}`, `oci:${folder}:latest`],
  flatten: ({ from, file }) => ['export', '--tls-verify=false', '-o', file, `docker://${from}`],
  inspect: ({ image }) => ['inspect', '--tls-verify=false', '--format', 'json', `docker://${image}`],
  'list-tags': ({ repository }) => ['list-tags', '--tls-verify=false', `docker://${repository}`],
  version: () => ['--version'],
}

const SKOPEO_COPY_ONE = ['copy', '--insecure-policy', '-q']
const SKOPEO_COPY = ['copy', '--insecure-policy', '--all', '-q']

const SKOPEO: CommandLines = {
  pull: ({ from, folder }) => [...SKOPEO_COPY, ...INSECURE, `docker://${from}`, `oci:${folder}:latest`],
  push: ({ folder, to }) => [...SKOPEO_COPY, ...INSECURE, `oci:${folder}:latest`, `docker://${to}`],
  copy: ({ from, to }) => [...SKOPEO_COPY, ...INSECURE, `docker://${from}`, `docker://${to}`],
  folder: ({ from, folder }) => [...SKOPEO_COPY, `oci:${from}:latest`, `oci:${folder}:latest`],
  save: ({ from, archive }) => [
    ...SKOPEO_COPY_ONE,
    SOURCE_INSECURE,
    `docker://${from}`,
    `docker-archive:${archive}:${SAVED}`,
  ],
  load: ({ archive, to }) => [...SKOPEO_COPY, ...INSECURE, `oci-archive:${archive}:latest`, `docker://${to}`],
  recompress: ({ from, folder }) => [...SKOPEO_COPY_ONE, ...TO_ZSTD, `docker://${from}`, `oci:${folder}:latest`],
  inspect: ({ image }) => ['inspect', '--no-tags', '--tls-verify=false', `docker://${image}`],
  'list-tags': ({ repository }) => ['list-tags', '--tls-verify=false', `docker://${repository}`],
  version: () => ['--version'],
}

const CRANE: CommandLines = {
  pull: ({ from, folder }) => ['pull', '--insecure', '--format=oci', from, folder],
  push: ({ folder, to }) => ['push', '--insecure', folder, to],
  copy: ({ from, to }) => ['copy', '--insecure', from, to],
  save: ({ from, archive }) => ['pull', '--insecure', from, archive],
  flatten: ({ from, file }) => ['export', '--insecure', from, file],
  inspect: ({ image }) => ['config', '--insecure', image],
  'list-tags': ({ repository }) => ['ls', '--insecure', repository],
  version: () => ['version'],
}

const REGCTL: CommandLines = {
  pull: ({ from, folder, tls }) => [...regctlHosts(tls, from), 'image', 'copy', from, `ocidir://${folder}:latest`],
  push: ({ folder, to, tls }) => [...regctlHosts(tls, to), 'image', 'copy', `ocidir://${folder}:latest`, to],
  copy: ({ from, to, tls }) => [...regctlHosts(tls, from, to), 'image', 'copy', from, to],
  folder: ({ from, folder }) => ['image', 'copy', `ocidir://${from}:latest`, `ocidir://${folder}:latest`],
  inspect: ({ image, tls }) => [...regctlHosts(tls, image), 'image', 'inspect', image],
  'list-tags': ({ repository, tls }) => [...regctlHosts(tls, repository), 'tag', 'ls', repository],
  version: () => ['version'],
}

function regctlHosts(tls: boolean, ...images: readonly string[]): CommandLine {
  const hosts = new Set(images.map((image) => image.split('/')[0] ?? ''))
  return [...hosts].flatMap((host) => ['--host', `reg=${host},tls=${tls ? 'insecure' : 'disabled'}`])
}

const ORAS: CommandLines = {
  pull: ({ from, folder, tls }) => [...orasCopy(orasFlag(tls, 'from-')), from, '--to-oci-layout', `${folder}:latest`],
  push: ({ folder, to, tls }) => [...orasCopy(orasFlag(tls, 'to-')), '--from-oci-layout', `${folder}:latest`, to],
  copy: ({ from, to, tls }) => [...orasCopy(orasFlag(tls, 'from-'), orasFlag(tls, 'to-')), from, to],
  load: ({ archive, to, tls }) => [...orasCopy(orasFlag(tls, 'to-')), '--from-oci-layout', `${archive}:latest`, to],
  folder: ({ from, folder }) => [
    ...orasCopy('--from-oci-layout', '--to-oci-layout'),
    `${from}:latest`,
    `${folder}:latest`,
  ],
  inspect: ({ image, tls }) => ['manifest', 'fetch-config', orasFlag(tls), image],
  'list-tags': ({ repository, tls }) => ['repo', 'tags', orasFlag(tls), repository],
  version: () => ['version'],
}

function orasCopy(...flags: readonly string[]): CommandLine {
  return ['cp', '--no-tty', ...flags]
}

function orasFlag(tls: boolean, side = ''): string {
  return tls ? `--${side}insecure` : `--${side}plain-http`
}

/** By the name of the program. */
export const PEERS: Readonly<Record<string, CommandLines>> = {
  skopeo: SKOPEO,
  crane: CRANE,
  regctl: REGCTL,
  oras: ORAS,
}

/** The floor's program is a script for Node.js. */
export function floorCommandLines(script: string): CommandLines {
  return {
    pull: ({ from, folder, tls, limited, state }) => {
      const fresh = limited ? 'pull-ranged' : 'pull'
      return [script, state === 'fresh' ? fresh : 'pull-again', url(tls, from), folder]
    },
    push: ({ folder, to, tls, there }) => [script, there ? 'push-again' : 'push', folder, url(tls, to)],
    copy: ({ from, to, tls, sameRegistry }) => [script, sameRegistry ? 'mount' : 'copy', url(tls, from), url(tls, to)],
    folder: ({ from, folder }) => [script, 'folder', from, folder],
    inspect: ({ image, tls }) => [script, 'inspect', url(tls, image)],
    'list-tags': ({ repository, tls }) => [script, 'list-tags', `${url(tls, repository)}:`],
    version: () => ['-p', 'process.versions.node'],
  }
}

function url(tls: boolean, image: string): string {
  return `${tls ? 'https' : 'http'}://${image}`
}
