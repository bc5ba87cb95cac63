import { type DockerReference, formatDockerReference, quoteForeign, repositoryName } from '@crossdock/core'
import type { SignedIdentity } from '../policy/policy.ts'
import { parsedName } from './parsed-name.ts'
import { remapName } from './remap-name.ts'

/** What is compared: the name of the image that is asked for, and the one that a signature vouches for. */
export interface IdentityClaim {
  /** Undefined if the place where the image lies gives it none. */
  readonly image: DockerReference | undefined
  /** As it was signed. Undefined if the signature names none. */
  readonly signed: string | undefined
}

/**
 * Why a signature with this name does not do, as what is said of the signature (`vouches for A, but …`); undefined if it does. Pure. A name without tag and digest could be any image of its
 * repository: it fits the identities that ask for a repository, and no other (containers-policy.json(5), "signedIdentity").
 */
export function identityProblem(identity: SignedIdentity, { image, signed }: IdentityClaim): string | undefined {
  if (identity.type === 'matchDigest') return undefined
  if (signed === undefined) {
    return 'names no image, only a digest; a policy accepts that with the signedIdentity {"type":"matchDigest"}'
  }
  const vouchedFor = parsedName(signed)
  if (vouchedFor === undefined) return `vouches for "${quoteForeign(signed, 200)}", which is no image name`
  const wanted = wantedName(identity, image)
  if (typeof wanted === 'string') return `vouches for ${formatDockerReference(vouchedFor)}, but ${wanted}`
  if (COMPARISONS[identity.type](wanted, vouchedFor)) return undefined
  return `vouches for ${formatDockerReference(vouchedFor)}, but ${wantedText(identity, wanted)}`
}

type ComparedIdentity = Exclude<SignedIdentity['type'], 'matchDigest'>
type Compare = (wanted: DockerReference, signed: DockerReference) => boolean

const COMPARISONS: Readonly<Record<ComparedIdentity, Compare>> = {
  matchExact: isSameImage,
  exactReference: isSameImage,
  matchRepository: isSameRepository,
  exactRepository: isSameRepository,
  matchRepoDigestOrExact: isSameTagOrRepository,
  remapIdentity: isSameTagOrRepository,
}

/** A tag says which image is meant. A digest alone does so, too, and whoever signed it knew which: the repository has to be right. */
function isSameTagOrRepository(wanted: DockerReference, signed: DockerReference): boolean {
  if (wanted.tag !== undefined) return isSameImage(wanted, signed)
  return wanted.digest !== undefined && !isBare(signed) && isSameRepository(wanted, signed)
}

function isSameImage(one: DockerReference, other: DockerReference): boolean {
  return !isBare(one) && formatDockerReference(one) === formatDockerReference(other)
}

function isSameRepository(one: DockerReference, other: DockerReference): boolean {
  return repositoryName(one) === repositoryName(other)
}

function isBare({ tag, digest }: DockerReference): boolean {
  return tag === undefined && digest === undefined
}

/** The name that a signature must have, or why there is none. */
function wantedName(identity: SignedIdentity, image: DockerReference | undefined): DockerReference | string {
  if (identity.type === 'exactReference') return identity.dockerReference
  if (identity.type === 'exactRepository') return identity.dockerRepository
  if (image === undefined) {
    return 'the place of the image gives it no such name: a policy can say one by exactReference or exactRepository'
  }
  if (identity.type !== 'remapIdentity') return image
  return (
    remapName(image, identity) ??
    `${formatDockerReference(image)} with ${identity.signedPrefix} in place of ${identity.prefix} is no image name`
  )
}

function wantedText(identity: SignedIdentity, wanted: DockerReference): string {
  const name = formatDockerReference(wanted)
  switch (identity.type) {
    case 'exactReference':
      return `the policy asks for ${name}`
    case 'exactRepository':
      return `the policy asks for the repository ${repositoryName(wanted)}`
    case 'matchRepository':
      return `the image is of the repository ${repositoryName(wanted)}`
    case 'remapIdentity':
      return `the image is signed as ${name}`
    default:
      return `the image is ${name}${bothHint(wanted)}`
  }
}

function bothHint({ tag, digest }: DockerReference): string {
  if (tag === undefined || digest === undefined) return ''
  return ', and a name with tag and digest needs a signature for both: name it by one of them'
}
