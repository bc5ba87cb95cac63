import { ImageError, type ImageSource, type OperationOptions, quoteForeign } from '@crossdock/core'
import { ACI_MANIFEST_ANNOTATION, type AciManifest, parseAciManifest, parseManifest, valueOf } from '@crossdock/formats'
import type { AppName } from './app-name.ts'

export interface CheckOptions extends OperationOptions {
  /** For messages. */
  readonly what: string
}

/** Throws `INVALID_DATA` unless the image was made of an App Container Image that has this name and all these labels. */
export async function checkImage(
  source: ImageSource,
  app: AppName,
  { what, ...operation }: CheckOptions,
): Promise<void> {
  const { name, labels } = await manifestOf(source, what, operation)
  const refuse = (problem: string): ImageError =>
    new ImageError('INVALID_DATA', `${what} is not what was asked for: ${problem}`, { side: 'source' })
  if (name !== app.name) throw refuse(`its name is "${quoteForeign(name, 200)}", not ${app.name}`)
  for (const [label, wanted] of app.labels) {
    const found = valueOf(labels, label)
    if (found === wanted) continue
    const said = found === undefined ? 'it has none' : `it is "${quoteForeign(found, 200)}"`
    throw refuse(`the label ${label} was to be "${quoteForeign(wanted, 200)}", and ${said}`)
  }
}

/** An image that was not made while it was read has annotations that anybody may have written. */
async function manifestOf(source: ImageSource, what: string, operation: OperationOptions): Promise<AciManifest> {
  const manifest =
    source.traits.makesManifest === true ? parseManifest(await source.getManifest(undefined, operation)) : undefined
  const kept = manifest?.annotations[ACI_MANIFEST_ANNOTATION]
  if (kept !== undefined) return parseAciManifest(new TextEncoder().encode(kept), `the manifest in ${what}`)
  const problem = 'is no App Container Image, or one whose manifest is too large: its name cannot be checked'
  throw new ImageError('INVALID_DATA', `${what} ${problem}`, { side: 'source' })
}
