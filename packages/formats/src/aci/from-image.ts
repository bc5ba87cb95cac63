import { ImageError, type Platform, quoteForeign } from '@crossdock/core'
import { encodeConfig } from '../convert/encode-config.ts'
import { NO_STRINGS } from '../fields.ts'
import { type ImageConfig, parseImageConfig } from '../image-config.ts'
import { isObject, member, parseJsonDocument } from '../json.ts'
import { ACI_VARIABLE, type AciApp, type AciMountPoint, type AciPort } from './app.ts'
import { toAciName } from './identifier.ts'
import { type AciManifest, parseAciManifest } from './manifest.ts'
import { type AciNamedValue, valueOf } from './named-values.ts'
import { ACI_MANIFEST_ANNOTATION, CMD, ENTRYPOINT, SHARED_ANNOTATIONS, USER } from './oci-names.ts'
import { aciPlatformOf } from './platform.ts'
import { ociConfigOfAci } from './to-oci-config.ts'
import { aciUserOf } from './user.ts'

/** The version of the specification that is written. */
const AC_VERSION = '0.8.11'

export interface AciOfImageOptions {
  readonly config: Uint8Array
  /** Of the image's manifest. */
  readonly annotations: Readonly<Record<string, string>>
  /** What the image is to be called; one that was an App Container Image keeps its name without it. */
  readonly name?: string | undefined
  /** The label `version`; without it as for `name`. */
  readonly version?: string | undefined
  /** The name of an image that has none. */
  readonly defaultName: string
}

export interface AciOfImage {
  readonly manifest: AciManifest
  /** Sentences for people: what appc has no place for. */
  readonly notes: readonly string[]
}

/**
 * The App Container manifest of an OCI or Docker image (`docs/conversions.md`). One that an App Container Image was made into gets its manifest back, if its
 * configuration still is what that makes. Throws `UNSUPPORTED` for a platform that appc has no name for, `INVALID_DATA`.
 */
export function aciOfImage(options: AciOfImageOptions): AciOfImage {
  const { name, version, defaultName } = options
  const config = parseImageConfig(options.config)
  const kept = keptManifest(options.annotations, config)
  const made = kept === undefined ? makeManifest(config, options) : { manifest: kept, notes: [] }
  const { manifest } = made
  const labels = version === undefined ? manifest.labels : withVersion(manifest.labels, version)
  return { ...made, manifest: { ...manifest, name: name ?? kept?.name ?? defaultName, labels } }
}

/** Undefined if there is none, or if the image has been changed since. */
function keptManifest(annotations: Readonly<Record<string, string>>, config: ImageConfig): AciManifest | undefined {
  const text = annotations[ACI_MANIFEST_ANNOTATION]
  if (text === undefined) return undefined
  try {
    const manifest = parseAciManifest(new TextEncoder().encode(text))
    const [uid, gid] = (config.config.User ?? '').split(':').map(Number)
    const ownerOf = () => ({ uid: uid ?? 0, gid: gid ?? 0 })
    const made = ociConfigOfAci(manifest, { platform: platformOf(config), ownerOf })
    const same = parseImageConfig(encodeConfig(JSON.stringify(made.config)))
    const isComplete = manifest.dependencies.length === 0 && manifest.pathWhitelist.length === 0
    return isComplete && comparable(same) === comparable(config) ? manifest : undefined
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

/** All but the layers, in one order. */
function comparable({ rootfs: _, history: __, config, ...rest }: ImageConfig): string {
  const { Labels, ExposedPorts, Volumes, ...run } = config
  return JSON.stringify([sorted(rest), sorted(run), ExposedPorts.toSorted(), Volumes.toSorted(), sorted(Labels)])
}

function sorted(object: object): readonly (readonly [string, unknown])[] {
  return Object.entries(object).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant !== undefined && variant !== '' && { variant }) }
}

function makeManifest(config: ImageConfig, { annotations, config: bytes, defaultName }: AciOfImageOptions): AciOfImage {
  const platform = aciPlatformOf(platformOf(config))
  if (platform === undefined) {
    if (config.os === '' || config.architecture === '') {
      throw new ImageError('UNSUPPORTED', 'the image does not say what it runs on, as an App Container Image has to')
    }
    const text = quoteForeign(
      `${config.os}/${config.architecture}${config.variant === undefined ? '' : `/${config.variant}`}`,
      100,
    )
    throw new ImageError('UNSUPPORTED', `the image is for ${text}, which App Container Images have no name for`)
  }
  const { app, notes } = makeApp(config)
  const labels = [
    { name: 'os', value: platform.os },
    { name: 'arch', value: platform.arch },
  ]
  return {
    manifest: {
      acVersion: AC_VERSION,
      name: defaultName,
      labels,
      app,
      annotations: makeAnnotations(config, annotations),
      dependencies: [],
      pathWhitelist: [],
    },
    notes: [...notes, ...lossNotes(bytes)],
  }
}

function withVersion(labels: readonly AciNamedValue[], value: string): readonly AciNamedValue[] {
  return [{ name: 'version', value }, ...labels.filter(({ name }) => name !== 'version')]
}

function makeApp({ config }: ImageConfig): { readonly app: AciApp; readonly notes: readonly string[] } {
  const { Entrypoint = [], Cmd = [], User = '', WorkingDir = '', Env, Labels } = config
  const environment = makeEnvironment(Env)
  const { ports, notes } = makePorts(config.ExposedPorts)
  const app: AciApp = {
    exec: [...Entrypoint, ...Cmd],
    ...aciUserOf(User),
    workingDirectory: WorkingDir === '' || WorkingDir.startsWith('/') ? WorkingDir : `/${WorkingDir}`,
    environment: environment.variables,
    eventHandlers: [],
    mountPoints: makeMountPoints(config.Volumes),
    ports,
    isolators: [],
    supplementaryGids: [],
    userLabels: Labels,
    userAnnotations: NO_STRINGS,
  }
  return { app, notes: [...environment.notes, ...notes] }
}

interface Environment {
  readonly variables: readonly AciNamedValue[]
  readonly notes: readonly string[]
}

/** Of variables with one name the last counts, where the first stood. */
function makeEnvironment(lines: readonly string[]): Environment {
  const variables = new Map<string, string>()
  const dropped: string[] = []
  for (const line of lines) {
    const cut = line.indexOf('=')
    const name = cut < 0 ? line : line.slice(0, cut)
    if (cut > 0 && ACI_VARIABLE.test(name)) variables.set(name, line.slice(cut + 1))
    else dropped.push(quoteForeign(name, 60))
  }
  return {
    variables: [...variables].map(([name, value]) => ({ name, value })),
    notes: dropped.length === 0 ? [] : [`variables whose names appc does not take are left out: ${dropped.join(', ')}`],
  }
}

function makeMountPoints(paths: readonly string[]): readonly AciMountPoint[] {
  const names = new Set<string>()
  return paths.toSorted().map((path) => {
    const base = toAciName(`volume-${path}`).replaceAll(/-+/g, '-')
    let name = base
    for (let count = 1; names.has(name); count += 1) name = `${base}-${count}`
    names.add(name)
    return { name, path, readOnly: false }
  })
}

interface Ports {
  readonly ports: readonly AciPort[]
  readonly notes: readonly string[]
}

const PORT = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/([a-z0-9]+))?$/

/** `80`, `80/tcp` and `8000-8010/udp` each. */
function makePorts(texts: readonly string[]): Ports {
  const ports: AciPort[] = []
  const dropped: string[] = []
  for (const text of texts) {
    const [, first = '', last = first, protocol = 'tcp'] = PORT.exec(text.toLowerCase()) ?? []
    const [port, end] = [Number(first), Number(last)]
    const isRange = first !== '' && port >= 1 && end >= port && end <= 65_535
    if (isRange) ports.push({ name: toAciName(text), protocol, port, count: end - port + 1, socketActivated: false })
    else dropped.push(quoteForeign(text, 60))
  }
  return {
    ports,
    notes: dropped.length === 0 ? [] : [`ports that are none are left out: ${dropped.join(', ')}`],
  }
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

function makeAnnotations(config: ImageConfig, given: Readonly<Record<string, string>>): readonly AciNamedValue[] {
  const { created, author } = config
  const { Entrypoint = [], Cmd = [], User = '' } = config.config
  const all: AciNamedValue[] = []
  const add = (name: string, value: string | undefined, applies: boolean): void => {
    if (applies && value !== undefined && valueOf(all, name) === undefined) all.push({ name, value })
  }
  add('created', created, created !== undefined && DATE.test(created) && Number.isFinite(Date.parse(created)))
  add('authors', author, author !== '')
  for (const [ours, theirs] of SHARED_ANNOTATIONS) {
    const value = Object.hasOwn(given, theirs) ? given[theirs] : undefined
    add(ours, value, ours === 'authors' || /^https?:\/\//i.test(value ?? ''))
  }
  add(ENTRYPOINT, JSON.stringify(Entrypoint), Entrypoint.length > 0)
  add(CMD, JSON.stringify(Cmd), Cmd.length > 0)
  add(USER, User, true)
  return all
}

/** How a container starts, as far as appc cannot say it. */
const WITHOUT_PLACE = ['StopSignal', 'Healthcheck', 'OnBuild', 'Shell', 'ArgsEscaped']

function lossNotes(bytes: Uint8Array): readonly string[] {
  const document = parseJsonDocument(bytes, { what: 'image config', maxBytes: bytes.byteLength })
  const run = isObject(document) ? member(document, 'config') : undefined
  if (!isObject(run)) return []
  const lost = WITHOUT_PLACE.filter((key) => {
    const value = member(run, key)
    return value !== undefined && value !== null && value !== false && value !== ''
  })
  return lost.length === 0 ? [] : [`App Container Images have no place for ${lost.join(', ')}: they are lost`]
}
