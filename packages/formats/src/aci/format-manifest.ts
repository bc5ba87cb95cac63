import type { AciApp } from './app.ts'
import type { AciDependency, AciManifest } from './manifest.ts'

/** Writes a manifest, always in the same way: members in the order of the specification, those without content left out. */
export function formatAciManifest(manifest: AciManifest): Uint8Array {
  const { acVersion, name, labels, app, annotations, dependencies, pathWhitelist } = manifest
  const document = {
    acKind: 'ImageManifest',
    acVersion,
    name,
    ...filled({ labels }),
    ...(app !== undefined && { app: appDocument(app) }),
    ...filled({ annotations, dependencies: dependencies.map(dependencyDocument), pathWhitelist }),
  }
  return new TextEncoder().encode(JSON.stringify(document))
}

function appDocument(app: AciApp): object {
  const { exec, user, group, workingDirectory, environment, eventHandlers, mountPoints, ports, isolators } = app
  return {
    exec,
    ...filled({ eventHandlers }),
    user,
    group,
    ...(app.supplementaryGids.length > 0 && { supplementaryGIDs: app.supplementaryGids }),
    ...(workingDirectory !== '' && { workingDirectory }),
    ...filled({
      environment,
      mountPoints: mountPoints.map(({ readOnly, ...rest }) => ({ ...rest, ...(readOnly && { readOnly }) })),
      ports,
      isolators,
    }),
    ...named('userAnnotations', app.userAnnotations),
    ...named('userLabels', app.userLabels),
  }
}

function dependencyDocument({ imageName, imageId, labels, size }: AciDependency): object {
  return {
    imageName,
    ...(imageId !== undefined && { imageID: imageId }),
    ...filled({ labels }),
    ...(size !== undefined && { size }),
  }
}

/** The lists that are not empty. */
function filled(lists: Readonly<Record<string, readonly unknown[]>>): object {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}

function named(key: string, record: Readonly<Record<string, string>>): object {
  return Object.keys(record).length > 0 ? { [key]: record } : {}
}
