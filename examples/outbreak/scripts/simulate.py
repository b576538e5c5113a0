#!/usr/bin/env python3
"""Simulates the outbreak of this example and writes its data:

    data/metadata.tsv  data/sequences.fasta  config/reference.gb

Run it as `python3 scripts/simulate.py [directory]`, from anywhere; the directory is the example itself unless
another one is given. The same seed gives the same bytes: nothing is drawn but by `random()`, whose sequence
Python promises to keep from version to version.

A made-up virus appears in the delta of the Danube in the spring of 2025 and travels up the river. Every case
infects others two weeks or so later, at the same place or at the next one along the river; the genome gathers
mutations on the way, as a molecular clock. A few dozen of the cases are sequenced.
"""
import math
import sys
from datetime import date, timedelta
from pathlib import Path
from random import Random

SEED = 12
FIRST_CASE = date(2025, 3, 20)
DAYS = 520
SAMPLES_PER_PLACE = 6
RATE = 8.0e-3  # mutations arising per site and year, of which about half survive selection

# Down in the delta first: the virus goes up the river.
PLACES = [
    ("Romania", "Tulcea"),
    ("Romania", "Braila"),
    ("Bulgaria", "Ruse"),
    ("Serbia", "Belgrade"),
    ("Serbia", "Novi Sad"),
    ("Hungary", "Budapest"),
    ("Austria", "Vienna"),
]
LABS = {"Romania": "Ionescu et al", "Bulgaria": "Petrova et al", "Serbia": "Jovanovic et al",
        "Hungary": "Szabo et al", "Austria": "Gruber et al"}
HOSTS = [("Human", 0.6), ("Culex pipiens", 0.25), ("Horse", 0.15)]

# The genome: (gene, product, first base, last base), 1-based and inclusive as in GenBank.
GENES = [("G", "glycoprotein", 61, 1560), ("L", "RNA-dependent RNA polymerase", 1621, 4140)]
LENGTH = 4200

TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
CODONS = [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"]
AMINO_ACIDS = dict(zip(CODONS, "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"))


class Draw:
    """Draws from distributions, by `random()` alone."""

    def __init__(self, seed):
        self.uniform = Random(seed).random

    def below(self, n):
        return int(self.uniform() * n)

    def pick(self, items):
        return items[self.below(len(items))]

    def exponential(self, mean):
        return -mean * math.log(1.0 - self.uniform())

    def poisson(self, mean):
        count, product = 0, self.uniform()
        while product > math.exp(-mean):
            count, product = count + 1, product * self.uniform()
        return count

    def weighted(self, pairs):
        left = self.uniform()
        for item, weight in pairs:
            left -= weight
            if left < 0:
                return item
        return pairs[-1][0]


def random_genome(draw):
    bases = [draw.weighted([("A", 0.29), ("C", 0.21), ("G", 0.24), ("T", 0.26)]) for _ in range(LENGTH)]
    for _, _, first, last in GENES:
        bases[first - 1 : first + 2] = "ATG"
        for at in range(first + 2, last - 3, 3):
            while AMINO_ACIDS["".join(bases[at : at + 3])] == "*":
                bases[at] = draw.pick("ACG")
        bases[last - 3 : last] = "TAA"
    return bases


def codon_at(genome, site):
    """The codon that a site (from 0) lies in, as (start, bases), or None outside of the genes."""
    for _, _, first, last in GENES:
        if first - 1 <= site < last:
            start = site - (site - first + 1) % 3
            return start, genome[start : start + 3]
    return None


def survives(draw, genome, site, base):
    """Selection: no stop codon comes or goes, and most changes of an amino acid are weeded out."""
    codon = codon_at(genome, site)
    if codon is None:
        return True
    start, before = codon
    after = list(before)
    after[site - start] = base
    old, new = AMINO_ACIDS["".join(before)], AMINO_ACIDS["".join(after)]
    if "*" in (old, new) and old != new:
        return False
    return old == new or draw.uniform() < 0.3


def evolve(draw, genome, days):
    genome = list(genome)
    for _ in range(draw.poisson(RATE * LENGTH * days / 365)):
        site = draw.below(LENGTH)
        base = TRANSITION[genome[site]]
        if draw.uniform() > 0.7:
            base = draw.pick([b for b in "ACGT" if b not in (genome[site], base)])
        if survives(draw, genome, site, base):
            genome[site] = base
    return genome


def season(day):
    """Mosquitoes: busy in summer, few in winter."""
    day_of_year = (FIRST_CASE + timedelta(days=day)).timetuple().tm_yday
    return 0.85 + 0.4 * math.cos(2 * math.pi * (day_of_year - 205) / 365)


def spread(draw, genome):
    """Every case of the outbreak, generation by generation, as (day, place, genome)."""
    cases, generation = [], [(0.0, 0, genome)]
    while generation:
        cases += generation
        crowd = [sum(1 for case in generation if case[1] == place) for place in range(len(PLACES))]
        following = []
        for day, place, genome in generation:
            for _ in range(draw.poisson(2.6 * season(day) / (1 + crowd[place] / 9))):
                wait = 8 + draw.exponential(9)
                where = place
                if draw.uniform() < 0.07:
                    where = min(max(place + (1 if draw.uniform() < 0.8 else -1), 0), len(PLACES) - 1)
                if day + wait < DAYS:
                    following.append((day + wait, where, evolve(draw, genome, wait)))
        generation = following
    return cases


def sample(draw, cases):
    """Some cases of each place, over the whole time, in order of time."""
    chosen = []
    for place in range(len(PLACES)):
        here = sorted((case for case in cases if case[1] == place), key=lambda case: case[0])
        step = len(here) / SAMPLES_PER_PLACE
        chosen += [here[int((n + draw.uniform()) * step)] for n in range(SAMPLES_PER_PLACE) if here]
    return sorted(chosen, key=lambda case: case[0])


def sequenced(draw, genome, gap):
    """What the sequencer makes of it: ragged ends, and a stretch that would not amplify."""
    bases = list(genome)
    for stretch in (range(draw.below(25)), range(LENGTH - draw.below(25), LENGTH)):
        for at in stretch:
            bases[at] = "N"
    start = draw.below(LENGTH - gap)
    bases[start : start + gap] = "N" * gap
    return "".join(bases)


def wrap(text, width=80):
    return "\n".join(text[at : at + width] for at in range(0, len(text), width)) + "\n"


def genbank(genome):
    sequence = "".join(genome).lower()
    lines = [
        f"LOCUS       DRFV-reference          {LENGTH} bp    RNA     linear   VRL 20-MAR-2025",
        "DEFINITION  Danube river fever virus (simulated), complete genome.",
        "ACCESSION   DRFV-reference",
        "VERSION     DRFV-reference.1",
        "KEYWORDS    simulated.",
        "SOURCE      Danube river fever virus",
        "  ORGANISM  Danube river fever virus",
        "            Viruses; an invention.",
        "FEATURES             Location/Qualifiers",
        f"     source          1..{LENGTH}",
        '                     /organism="Danube river fever virus"',
        '                     /mol_type="genomic RNA"',
    ]
    for gene, product, first, last in GENES:
        lines += [f"     CDS             {first}..{last}", f'                     /gene="{gene}"',
                  f'                     /product="{product}"', "                     /codon_start=1"]
    lines.append("ORIGIN")
    for at in range(0, LENGTH, 60):
        lines.append(f"{at + 1:>9} " + " ".join(sequence[i : i + 10] for i in range(at, min(at + 60, LENGTH), 10)))
    return "\n".join(lines) + "\n//\n"


def main(directory):
    draw = Draw(SEED)
    ancestor = random_genome(draw)
    samples = sample(draw, spread(draw, ancestor))
    rows = ["strain\tvirus\tdate\tregion\tcountry\tdivision\thost\tauthors"]
    fasta = []
    for number, (day, place, genome) in enumerate(samples, start=1):
        country, division = PLACES[place]
        when = FIRST_CASE + timedelta(days=int(day))
        gap = 0 if draw.uniform() < 0.6 else 20 + draw.below(200)
        if number == 17:  # A failed run: the filter drops it.
            gap = LENGTH // 2
        if number == 30:  # A mix-up of samples, far off the clock: config/exclude.txt names it.
            genome = evolve(draw, genome, 1500)
        strain = f"{division.replace(' ', '')}/{number:03d}/{when.year}"
        known = when.strftime("%Y-%m-XX") if number % 11 == 0 else when.isoformat()
        host = draw.weighted(HOSTS)
        rows.append("\t".join([strain, "drfv", known, "Europe", country, division, host, LABS[country]]))
        fasta.append(f">{strain}\n" + wrap(sequenced(draw, genome, gap)))
    for name, text in (("data/metadata.tsv", "\n".join(rows) + "\n"), ("data/sequences.fasta", "".join(fasta)),
                       ("config/reference.gb", genbank(ancestor))):
        path = Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("ascii"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
