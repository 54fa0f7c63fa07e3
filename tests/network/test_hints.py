import pytest

from rednet.errors import OptionError
from rednet.network.hints import HINTS, hint_vector


def test_a_known_level_an_unknown_level_and_silence_are_three_different_things():
    assert hint_vector({"sigma": 50.0}, ("sigma",)).tolist() == [1.0, 1.0]
    assert hint_vector({"sigma": None}, ("sigma",)).tolist() == [1.0, 0.0]
    assert hint_vector({}, ("sigma",)).tolist() == [0.0, 0.0]


def test_jpeg_level_is_the_step_of_the_tables():
    assert [round(HINTS["quality"].seen(q), 6) for q in (5, 10, 25, 50, 100)] == [2.0, 1.0, 0.4, 0.2, 0.0]


def test_a_network_is_blind_to_hints_that_it_does_not_take():
    assert hint_vector({"scale": 2.0}, ("sigma",)).tolist() == [0.0, 0.0]


def test_a_misspelt_fact_is_refused():
    with pytest.raises(OptionError, match="no hint 'sgima'"):
        hint_vector({"sgima": 25.0}, ("sigma",))


@pytest.mark.parametrize("facts", [{"sigma": -1.0}, {"sigma": float("nan")}, {"quality": 0.0}, {"scale": 9.0}])
def test_a_level_outside_its_range_is_refused(facts):
    with pytest.raises(OptionError, match="must be from"):
        hint_vector(facts)


def test_the_shipped_networks_take_the_hints_that_they_were_trained_with_and_are_blind_to_newer_ones():
    from rednet.zoo.model_folder import load_chain
    from rednet.zoo.shipped import find_model

    for name in ("universal", "fast"):
        taken = load_chain(find_model(name)).config.hints
        assert taken == ("sigma", "quality", "scale", "deconvolved")
        assert not hint_vector({"blur": 1.0}, taken).any()
    assert tuple(HINTS)[:4] == taken and "blur" in HINTS
