/** The formats of software bills of materials that are known. */
export const SBOM_FORMATS = ['spdx', 'cyclonedx', 'syft'] as const

export type SbomFormat = (typeof SBOM_FORMATS)[number]

/** `application/spdx+json`, `text/spdx`, `application/vnd.cyclonedx+xml`, `application/vnd.syft+json` and the like, parameters or not. */
const MEDIA_TYPE = /^(?:application|text)\/(?:vnd\.)?(spdx|cyclonedx|syft)(?:[+;.].*)?$/i
/** Of in-toto statements: `https://spdx.dev/Document`, `https://cyclonedx.org/bom/v1.5`, `https://syft.dev/bom`. */
const PREDICATE_TYPE = /^https:\/\/(?:(spdx)\.dev\/Document|(cyclonedx)\.org\/bom|(syft)\.dev\/bom)(?:\/.*)?$/

/** What a media type, or an artifact type, says; undefined if it is that of something else. */
export function formatOfMediaType(mediaType: string): SbomFormat | undefined {
  return known(MEDIA_TYPE.exec(mediaType)?.[1]?.toLowerCase())
}

/** The same of the predicate type of an in-toto statement. */
export function formatOfPredicate(predicateType: string): SbomFormat | undefined {
  const [, ...names] = PREDICATE_TYPE.exec(predicateType) ?? []
  return known(names.find((name) => name !== undefined))
}

function known(name: string | undefined): SbomFormat | undefined {
  return SBOM_FORMATS.find((format) => format === name)
}
