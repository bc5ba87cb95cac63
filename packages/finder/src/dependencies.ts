import { type AciArchive, type AciSource, type FindDependency, isAciSource } from '@crossdock/archive'
import {
  ImageError,
  imageName,
  type ImageReference,
  type OperationOptions,
  type TransportRegistry,
  unparsedImage,
} from '@crossdock/core'
import { type AciDependency, formatAciImageId, formatAppName } from '@crossdock/formats'
import type { Admit } from './options.ts'

/** An image that another one depends on, open. */
export interface Dependency {
  readonly reference: ImageReference
  readonly source: AciSource
  /** Whether it was in the store already. */
  readonly isStored: boolean
}

/** Opens what is meant by a dependency; undefined if it is not there. */
export type OpenDependency = (dependency: AciDependency, operation: OperationOptions) => Promise<Dependency | undefined>

/** What an image depends on, directly or not. Disposing closes all of it. */
export interface Dependencies extends AsyncDisposable {
  readonly find: FindDependency
  /** In the order in which they were found. */
  readonly found: readonly Dependency[]
}

export interface DependenciesOptions {
  readonly open: OpenDependency
  readonly admit?: Admit | undefined
}

/** Each is opened once, however much of its ID is asked for, and judged before anything of it is used. */
export function createDependencies({ open, admit }: DependenciesOptions): Dependencies {
  const found: Dependency[] = []
  const known = new Map<string, AciArchive[]>()
  let isClosed = false
  return {
    found,
    async find(dependency, operation = {}) {
      const { imageId = '' } = dependency
      const name = nameOf(dependency)
      const named = known.get(name) ?? []
      const archive = named.find(({ id }) => formatAciImageId(id).startsWith(imageId))
      if (archive !== undefined) return archive
      const opened = await open(dependency, operation)
      if (opened === undefined) return undefined
      const { source } = opened
      if (isClosed) {
        // Nobody waited for it, after an abort that came too late for what it is read from.
        await source[Symbol.asyncDispose]()
        throw new ImageError('CONFLICT', `${imageName(opened.reference)} was opened for an image that is closed`)
      }
      found.push(opened)
      await admit?.(unparsedImage(source), operation)
      known.set(name, [...named, source.aci])
      return source.aci
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await Promise.all(found.map(({ source }) => source[Symbol.asyncDispose]()))
    },
  }
}

export function referenceOf(dependency: AciDependency, transports: Pick<TransportRegistry, 'parse'>): ImageReference {
  return transports.parse(`appc:${nameOf(dependency)}`)
}

/** What a dependency is called: its name with its labels. */
function nameOf({ imageName: name, labels }: AciDependency): string {
  return formatAppName({ name, labels: new Map(labels.map((label) => [label.name, label.value])) })
}

export interface FetchDependencyOptions extends OperationOptions {
  /** What was asked for. */
  readonly asking: ImageReference
}

/**
 * Fetches what is meant. Throws `UNSUPPORTED` for the name of an address that the archive has chosen and nobody else, and what finding it by its name throws.
 */
export async function fetchDependency(
  reference: ImageReference,
  { asking, ...operation }: FetchDependencyOptions,
): Promise<Dependency> {
  checkPlace(reference, asking)
  const source = await reference.openSource?.(operation)
  if (source !== undefined && isAciSource(source)) return { reference, source, isStored: false }
  await source?.[Symbol.asyncDispose]()
  throw new ImageError('UNSUPPORTED', `${imageName(reference)} is no App Container Image: none can depend on it`)
}

/** Names of machines are theirs who have them; an address may be one that only this machine reaches, and that tells it secrets. */
function checkPlace(reference: ImageReference, asking: ImageReference): void {
  const host = hostOf(reference)
  if (!isAddress(host) || host === hostOf(asking)) return
  const image = imageName(reference)
  const message = `${image} is at an address, which an archive does not choose: if it is meant, fetch it by that name first, so that it is in the store`
  throw new ImageError('UNSUPPORTED', message, { side: 'source', image })
}

function hostOf({ policy }: ImageReference): string {
  return policy?.identity.split(/[/:]/, 1)[0] ?? ''
}

/** As a URL has it: `0x7f.1` is an address, too. */
function isAddress(host: string): boolean {
  const name = URL.parse(`https://${host}/`)?.hostname ?? ''
  return /^[\d.]+$/.test(name) || /(?:^|\.)localhost$/.test(name)
}
