import { below, type Graph, placesIn, subjectOf } from './random-graph.ts'

export interface Needed {
  /** Places. */
  readonly nodes: ReadonlySet<number>
  readonly images: ReadonlySet<number>
}

/**
 * What is known so far, as texts: `flat N` is kept without what it leads to, `any N` with what labels and referrers say, `document N` with
 * what it lists as well; `image N` and `flat image N` are images.
 */
interface Facts {
  has(kind: string, place: number): boolean
  /** Of what there are, by place. */
  document(places: readonly number[]): readonly string[]
  image(places: readonly number[]): readonly string[]
  nodes(places: readonly number[]): readonly number[]
  images(places: readonly number[]): readonly number[]
}

/** What is needed, found without any cleverness: rules are applied until nothing new comes of them. */
export function naivelyNeeded(graph: Graph): Needed {
  const known = new Set<string>()
  const nodes = (places: readonly number[]): readonly number[] => placesIn(places, graph.nodes.length)
  const images = (places: readonly number[]): readonly number[] => placesIn(places, graph.images.length)
  const facts: Facts = {
    has: (kind, place) => known.has(`${kind} ${place}`),
    nodes,
    images,
    document: (places) => nodes(places).flatMap((one) => [`any ${one}`, `document ${one}`]),
    image: (places) => images(places).map((one) => `image ${one}`),
  }
  for (let size = -1; size !== known.size;) {
    size = known.size
    for (const fact of [...ofNodes(graph, facts), ...ofImages(graph, facts), ...ofLeases(graph, facts)]) known.add(fact)
  }
  const places = (list: readonly unknown[], kinds: readonly string[]): readonly number[] =>
    list.map((_, place) => place).filter((place) => kinds.some((kind) => facts.has(kind, place)))
  return {
    nodes: new Set(places(graph.nodes, ['any', 'flat'])),
    images: new Set(places(graph.images, ['image', 'flat image'])),
  }
}

function ofNodes(graph: Graph, facts: Facts): readonly string[] {
  return graph.nodes.flatMap(({ isMissing, isRoot, kind, refs, keptBy }, place) => {
    if (isMissing) return []
    const subject = subjectOf(graph, place)
    const isKept =
      isRoot ||
      facts.nodes(keptBy).some((one) => facts.has('any', one)) ||
      (subject !== undefined && facts.has('any', subject))
    const listed = facts.has('document', place) ? below(graph, place) : []
    return [
      ...(isKept ? facts.document([place]) : []),
      ...(facts.has('any', place) ? facts.document(refs) : []),
      ...(kind === 'index' ? facts.document(listed) : []),
      ...(kind === 'manifest' ? listed.map((one) => `any ${one}`) : []),
      ...(kind === 'manifest' ? facts.document(listed.filter((one) => graph.nodes[one]?.kind !== 'layer')) : []),
    ]
  })
}

function ofImages(graph: Graph, facts: Facts): readonly string[] {
  return graph.images.flatMap(({ expiry, subject, target, refs, images, keptByImages, keptByContent }, place) => {
    const subjects = subject === undefined ? [] : facts.nodes([subject])
    const isKept =
      (expiry !== 'past' && subjects.every((one) => facts.has('any', one) || !isKnown(graph, one))) ||
      facts.images(keptByImages).some((one) => facts.has('image', one)) ||
      facts.nodes(keptByContent).some((one) => facts.has('any', one))
    return [
      ...(isKept ? [`image ${place}`] : []),
      ...(facts.has('image', place) ? [...facts.document([target, ...refs]), ...facts.image(images)] : []),
      ...(facts.has('flat image', place) ? facts.nodes([target]).map((one) => `flat ${one}`) : []),
    ]
  })
}

/** Whether it is there, or listed by what is there. */
function isKnown(graph: Graph, place: number): boolean {
  const isListed = graph.nodes.some(
    ({ isMissing, kind }, number) => !isMissing && kind !== 'layer' && below(graph, number).includes(place),
  )
  return graph.nodes[place]?.isMissing === false || isListed
}

function ofLeases(graph: Graph, facts: Facts): readonly string[] {
  const leased = graph.leases.flatMap(({ isExpired, isFlat, content, images }) => {
    if (isExpired) return []
    if (!isFlat) return [...facts.document(content), ...facts.image(images)]
    return [
      ...facts.nodes(content).map((one) => `flat ${one}`),
      ...facts.images(images).map((one) => `flat image ${one}`),
    ]
  })
  return graph.images.length === 0 ? [...leased, ...facts.document(graph.entries)] : leased
}
