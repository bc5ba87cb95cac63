import { type AciSource, isAciSource } from '@crossdock/archive'
import { ImageError, type ImageSource, quoteForeign } from '@crossdock/core'
import { type AppName, valueOf } from '@crossdock/formats'

/** The source, if it is of an App Container Image that has this name and all these labels; else `INVALID_DATA` is thrown. `what` is for messages. */
export function checkImage(source: ImageSource, app: AppName, what: string): AciSource {
  if (!isAciSource(source)) {
    throw new ImageError('INVALID_DATA', `${what} is no App Container Image: its name cannot be checked`, {
      side: 'source',
    })
  }
  const { name, labels } = source.aci.manifest
  const refuse = (problem: string): ImageError =>
    new ImageError('INVALID_DATA', `${what} is not what was asked for: ${problem}`, { side: 'source' })
  if (name !== app.name) throw refuse(`its name is "${quoteForeign(name, 200)}", not ${app.name}`)
  for (const [label, wanted] of app.labels) {
    const found = valueOf(labels, label)
    if (found === wanted) continue
    const said = found === undefined ? 'it has none' : `it is "${quoteForeign(found, 200)}"`
    throw refuse(`the label ${label} was to be "${quoteForeign(wanted, 200)}", and ${said}`)
  }
  return source
}
