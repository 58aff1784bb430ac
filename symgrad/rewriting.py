"""What is written out of a sheet before anything is judged: a table of rewritings, each in a room of its own."""

from __future__ import annotations

from collections.abc import Callable

from symgrad.aliases import with_own_functions
from symgrad.analogous import with_formulas_of_others
from symgrad.applying import applied
from symgrad.asides import set_aside
from symgrad.averaged import with_means
from symgrad.batchwise import for_each_example
from symgrad.bell import with_bells
from symgrad.binary import with_the_label
from symgrad.by_expressions import by_names
from symgrad.by_their_step import with_gradients_of_steps
from symgrad.chosen import chosen
from symgrad.class_numbers import with_class_numbers
from symgrad.classes import by_class
from symgrad.conventions import with_own_letters_for_any
from symgrad.coordinates import by_coordinates
from symgrad.correlating import by_entries
from symgrad.cross_entropies import with_cross_entropies
from symgrad.datapoints import with_data
from symgrad.datasets import over_pairs, with_pairs
from symgrad.denoting import with_names_for_gradients
from symgrad.descents import with_descents
from symgrad.deviations import with_roots
from symgrad.differing import of_differing
from symgrad.dropped_indices import without_dropped_indices
from symgrad.einstein import with_sums
from symgrad.ellipses import without_dots
from symgrad.enumerating import enumerated
from symgrad.evaluated import with_activations_by_value, with_what_it_is_of
from symgrad.examples import below, summed
from symgrad.expectations import of_one_sample
from symgrad.gridded import for_each_pair
from symgrad.heads import without_arguments
from symgrad.in_small_letters import with_one_example
from symgrad.in_words import with_terms_in_words
from symgrad.incoming import with_incoming
from symgrad.index_words import with_indices_for_words
from symgrad.instances import with_instances
from symgrad.labels import picked
from symgrad.layer_entries import with_entries_of_layers
from symgrad.lettered import by_letters
from symgrad.limits import with_limits
from symgrad.listed_vectors import with_listed_vectors
from symgrad.listing import listed
from symgrad.logits import with_softmax
from symgrad.nested_indices import with_members_by_letter
from symgrad.normalised import with_normalisation
from symgrad.numbered import with_vectors
from symgrad.of_a_unit import of_a_unit
from symgrad.of_indices import with_indices_for_arguments
from symgrad.one_row import with_rows_by_themselves
from symgrad.one_row_of_all import with_one_row_of_all
from symgrad.opaque import with_opaque_losses
from symgrad.optima import with_zero_behind
from symgrad.other_versions import without_other_versions
from symgrad.overlines import with_barred_means
from symgrad.own_losses import with_own_losses
from symgrad.patterns import without_patterns
from symgrad.piecewise import joined
from symgrad.plain_ones import with_ones
from symgrad.pointwise import with_arguments
from symgrad.previous import at_the_step_before
from symgrad.primed import with_letters_for_primes
from symgrad.pullbacks import with_letters_of_their_own
from symgrad.read.document import Sheet
from symgrad.renewing import with_renewals
from symgrad.replacing import with_replaced
from symgrad.shorthand import written_out
from symgrad.signs import with_differentials
from symgrad.singles import with_examples
from symgrad.sizing import sized, with_large_sizes
from symgrad.slopes_by_case import with_slopes_by_case
from symgrad.spread import for_each_number
from symgrad.stacking import stacked
from symgrad.starting import started
from symgrad.stepless import with_their_steps
from symgrad.strides import with_strides
from symgrad.subgradients import with_slopes
from symgrad.subsets import by_condition, of_subsets
from symgrad.summands import with_summands
from symgrad.tables import tabulated
from symgrad.targets import targeted
from symgrad.told import told
from symgrad.told_probabilities import with_told_probabilities
from symgrad.totals import totalled
from symgrad.traced import traced
from symgrad.tuples import separated
from symgrad.turning import turned
from symgrad.underbraces import with_names_under_braces
from symgrad.unnamed import with_unnamed
from symgrad.upto import up_to_constants
from symgrad.value_lists import with_value_lists
from symgrad.written_sums import over_entries

# What is written out before anything is judged, in this order; recurrences come last.
_REWRITES: tuple[Callable[[Sheet], Sheet], ...] = (
    with_told_probabilities,
    with_indices_for_words,
    without_other_versions,
    with_one_example,
    without_dropped_indices,
    with_one_row_of_all,
    with_slopes_by_case,
    with_letters_for_primes,
    with_own_letters_for_any,
    set_aside,
    with_slopes,
    with_terms_in_words,
    with_zero_behind,
    turned,
    with_renewals,
    by_letters,
    with_incoming,
    without_patterns,
    of_one_sample,
    with_means,
    with_summands,
    with_own_losses,
    with_cross_entropies,
    with_opaque_losses,
    with_names_under_braces,
    with_ones,
    with_barred_means,
    by_names,
    with_their_steps,
    by_entries,
    for_each_example,
    summed,
    up_to_constants,
    tabulated,
    with_normalisation,
    with_roots,
    with_pairs,
    over_pairs,
    with_indices_for_arguments,
    with_rows_by_themselves,
    told,
    with_softmax,
    with_entries_of_layers,
    with_value_lists,
    of_a_unit,
    with_data,
    totalled,
    with_limits,
    with_members_by_letter,
    with_listed_vectors,
    without_dots,
    for_each_number,
    separated,
    with_instances,
    with_activations_by_value,
    traced,
    with_vectors,
    by_condition,
    with_strides,
    with_sums,
    sized,
    with_large_sizes,
    with_formulas_of_others,
    at_the_step_before,
    by_class,
    targeted,
    picked,
    with_class_numbers,
    chosen,
    with_the_label,
    of_differing,
    with_replaced,
    with_bells,
    with_what_it_is_of,
    with_arguments,
    with_own_functions,
    with_names_for_gradients,
    with_gradients_of_steps,
    with_differentials,
    written_out,
    with_letters_of_their_own,
    stacked,
    with_descents,
    started,
    for_each_pair,
    enumerated,
    over_entries,
    joined,
    by_coordinates,
    applied,
    without_arguments,
    with_examples,
    below,
    of_subsets,
    with_unnamed,
    listed,
)


def rewritten(sheet: Sheet) -> Sheet:
    """The statements of a sheet with what is written in short written out, but for recurrences."""
    for rewrite in _REWRITES:
        sheet = rewrite(sheet)
    return sheet
