import Type from 'typebox';
import { Count, Flag, Path, Section } from '../../config/fields.ts';
import { mode } from '../rule-fields.ts';

const COUNTRY = { description: 'ISO 3166-1 code of two letters.', pattern: '^[A-Za-z]{2}$', examples: ['DE'] };
const ASN = { description: 'Number of an autonomous system.', minimum: 1, maximum: 4_294_967_295, examples: [64496] };

function countries(description: string) {
  return { description, uniqueItems: true, maxItems: 300, examples: [['DE', 'AT']] };
}

function systems(description: string) {
  return { description, uniqueItems: true, maxItems: 10_000, examples: [[64496]] };
}

const ALLOWED = 'from where logins may come; with it or `allow_asns` others are refused.';

export const PLACE_LISTS = {
  allow_countries: countries(`Countries ${ALLOWED}`),
  deny_countries: countries('Countries from where nobody is let in, whatever is allowed.'),
  allow_asns: systems(
    'Autonomous systems from where logins may come; with it or `allow_countries` others are refused.',
  ),
  deny_asns: systems('Autonomous systems from where nobody is let in, whatever is allowed.'),
} as const;

export function countryList(about: ReturnType<typeof countries>, fallback?: readonly string[]) {
  return Type.Array(Type.String(COUNTRY), fallback === undefined ? about : { ...about, default: fallback });
}

export function systemList(about: ReturnType<typeof systems>, fallback?: readonly number[]) {
  return Type.Array(Count(ASN), fallback === undefined ? about : { ...about, default: fallback });
}

export const PlacesSchema = Section(
  {
    mode: mode('off'),
    databases: Type.Array(
      Path({ description: 'A file in MaxMind DB form.', examples: ['/var/lib/GeoIP/GeoLite2-Country.mmdb'] }),
      {
        description:
          'Files that tell country or autonomous system of addresses; each is read anew when it changes. The first that knows it counts.',
        default: [],
        maxItems: 4,
        uniqueItems: true,
        examples: [['GeoLite2-Country.mmdb', 'GeoLite2-ASN.mmdb']],
      },
    ),
    allow_countries: countryList(PLACE_LISTS.allow_countries, []),
    deny_countries: countryList(PLACE_LISTS.deny_countries, []),
    allow_asns: systemList(PLACE_LISTS.allow_asns, []),
    deny_asns: systemList(PLACE_LISTS.deny_asns, []),
    refuse_unknown: Flag({
      description:
        'Whether addresses of which no database knows anything, such as private ones, are refused where something is allowed only.',
      default: false,
      examples: [true],
    }),
  },
  { description: 'Countries and autonomous systems from which logins may come, or may not.', default: {} },
);
