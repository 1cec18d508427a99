/** What the search twins' negative controls change. */
import { seededRandom } from "../../random.ts";
import type { KnowledgeBase } from "./knowledge_base.ts";
import {
  drawRelationGlossary,
  type RelationGlossary,
} from "./relation_words.ts";
import type { ProblemParts } from "./search_form.ts";
import {
  CITY_RELATIONS,
  OCCUPATIONS,
  PERSON_RELATIONS,
} from "./search_lexicon.ts";
import { type Library, openLibrary } from "./search_problem.ts";

/** Other meanings of the same words: what was learned of them is wrong. */
export function shiftedFacts(): RelationGlossary {
  return drawRelationGlossary(seededRandom("relation words", "shifted"));
}

/** Relations and occupations trade words. */
const SKIN: ReadonlyMap<string, string> = new Map(
  [...PERSON_RELATIONS, ...CITY_RELATIONS].flatMap((relation, i) => [
    [relation, OCCUPATIONS[i]],
    [OCCUPATIONS[i], relation],
  ]),
);

/** Skinned libraries by what opens those that they are made of. */
const skinnedLibraries = new WeakMap<() => Library, Library>();

/** The same problem in other words: what is alike is its structure alone. */
export function skinned(parts: ProblemParts): ProblemParts {
  const { request, meanings, base, library } = parts;
  const { bases } = library();
  const skins = skinnedLibraries.get(library) ??
    openLibrary(bases.map(skinBase));
  skinnedLibraries.set(library, skins);
  return {
    ...parts,
    request: {
      ...request,
      subject: skin(request.subject),
      ...(request.claim === undefined ? {} : { claim: skin(request.claim) }),
    },
    meanings: Object.fromEntries(
      Object.entries(meanings).map(([word, relations]) =>
        [word, relations.map(skin)] as const
      ),
    ),
    base: skins.bases[bases.indexOf(base)],
    library: () => skins,
  };
}

function skinBase({ people, cities, facts }: KnowledgeBase): KnowledgeBase {
  const entries = [...facts].map(([subject, list]) =>
    [
      skin(subject),
      list.map((fact) => ({
        relation: skin(fact.relation),
        subject: skin(fact.subject),
        value: skin(fact.value),
      })),
    ] as const
  );
  return { people: people.map(skin), cities, facts: new Map(entries) };
}

/** Words trade places; names have capitals and stay. */
function skin(text: string): string {
  return text.replace(/\b[a-z]+\b/g, (word) => SKIN.get(word) ?? word);
}
