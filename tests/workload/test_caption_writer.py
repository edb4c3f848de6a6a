from hypothesis import given, settings
from hypothesis import strategies as st

from workload.caption_request import LENGTHS, MAX_HASHTAGS, TONES, CaptionRequest
from workload.caption_writer import write
from workload.pictures import Picture

PICTURE = Picture("JPEG", 1600, 900, 12_345)


def a_request(**changes) -> CaptionRequest:
    given = {
        "description": "our new espresso blend on a wooden table",
        "tone": "friendly",
        "length": "medium",
        "hashtags": 3,
        "variation": 0,
        "picture": None,
    }
    return CaptionRequest(**given | changes)


def test_the_same_request_gets_the_same_caption():
    assert write(a_request()) == write(a_request())


def test_the_description_becomes_a_sentence_of_the_caption():
    assert "Our new espresso blend on a wooden table." in write(a_request()).text
    assert "..." not in write(a_request(description="It is here!")).text


def test_a_longer_caption_is_longer():
    short, medium, long = (len(write(a_request(length=length)).text) for length in LENGTHS)
    assert short < medium < long


def test_a_picture_alone_is_named_by_its_shape_with_little_confidence():
    caption = write(a_request(description="", picture=PICTURE, length="long"))
    assert "A landscape picture." in caption.text
    assert "1600 by 900" in caption.text
    assert caption.confidence < write(a_request()).confidence <= 0.5


def test_hashtags_are_the_descriptions_own_words_first():
    assert write(a_request()).hashtags == ("#espresso", "#blend", "#wooden")


def test_tones_differ():
    assert len({write(a_request(tone=tone)).text for tone in TONES}) == len(TONES)


requests = st.builds(
    a_request,
    description=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60),
    tone=st.sampled_from(TONES),
    length=st.sampled_from(LENGTHS),
    hashtags=st.integers(0, MAX_HASHTAGS),
    variation=st.integers(0, 1000),
    picture=st.sampled_from([None, PICTURE]),
)


@settings(deadline=None, max_examples=150, database=None)
@given(requests)
def test_any_request_gets_its_number_of_hashtags_and_a_bounded_confidence(request):
    caption = write(request)
    assert len(set(caption.hashtags)) == len(caption.hashtags) == request.hashtags
    assert all(tag.startswith("#") and " " not in tag for tag in caption.hashtags)
    assert 0 < caption.confidence <= 1


@settings(deadline=None, max_examples=100, database=None)
@given(requests)
def test_writing_another_never_repeats_the_caption_before(request):
    following = CaptionRequest(**vars(request) | {"variation": request.variation + 1})
    assert write(following).text != write(request).text
