"""The reader's own review on a book's page: its form, its errors, and what is never lost."""

import re
from typing import Any

import pytest

from reading_club.app.testing.person import Person

BOOK = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
GOOD = {"rating": "7", "comment": "Good.", "version": ""}
SCRIPT = "<script>alert(1)</script></textarea>\n& more"


@pytest.fixture
def page(organiser: Person) -> str:
    """The path of a book's page."""
    return f"/books/{organiser.post('/api/books', json=BOOK).json()['id']}"


def stored(person: Person, page: str) -> Any:
    """Return the person's review of the book, as the API has it."""
    return person.get(f"/api{page}/review").json()


def send(person: Person, page: str, **said: Any) -> Any:
    """Send the form with these fields."""
    return person.post(f"{page}/review", data={**GOOD, **said})


def fields(text: str) -> tuple[str, str, str]:
    """Return the version, the chosen rating and the comment in the form of a page."""
    (version,) = re.findall(r'name="version" value="(.*?)"', text)
    chosen = re.findall(r'name="rating" value="(\d+)"[^>]*? checked', text)
    (comment,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.S)
    return version, "".join(chosen), comment


def test_the_form_is_open_until_there_is_a_review(member: Person, page: str) -> None:
    """Eleven labelled radio buttons in a group with a legend, and a field for a comment."""
    text = member.get(page).text

    assert fields(text) == ("", "", "")
    assert re.search(r'<fieldset[^>]* role="radiogroup"[^>]*>\s*<legend>My rating</legend>', text)
    labels = re.findall(
        r'<label><input type="radio" name="rating" value="(\d+)"[^>]*>(\d+)'
        r'<span class="unseen"> of 10</span></label>',
        text,
    )
    assert labels == [(str(n), str(n)) for n in range(11)]
    assert '<label for="comment">My comment</label>' in text
    assert "<details" not in text


@pytest.mark.parametrize("rating", ["0", "7", "10"])
def test_a_review_is_sent(member: Person, page: str, rating: str) -> None:
    """The page says so, and shows the review first, with the form to revise it."""
    answer = send(member, page, rating=rating)
    text = member.get(answer.headers["location"]).text

    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}?said=reviewed")
    assert "Your review is stored. Thank you." in text
    assert f'<p class="stars">{rating} of 10' in text.split("Other reviews")[0]
    assert fields(text) == ("1", rating, "Good.")
    assert "Nobody else has reviewed this book yet." in text


def test_a_review_is_revised(member: Person, page: str) -> None:
    """The version of the form is replaced, and the page says so."""
    send(member, page)

    answer = send(member, page, rating="8", comment="Better.", version="1")

    assert answer.headers["location"] == f"{page}?said=revised"
    assert "Your review is changed." in member.get(answer.headers["location"]).text
    assert (stored(member, page)["rating"], stored(member, page)["version"]) == (8, 2)


def test_a_review_is_withdrawn_and_written_again(member: Person, page: str) -> None:
    """Its form is open again, and a second click does no harm."""
    send(member, page)

    answers = [member.post(f"{page}/review/withdraw", data={"sure": "yes"}) for _ in range(2)]

    for answer in answers:
        assert answer.headers["location"] == f"{page}?said=withdrawn"
    text = member.get(answers[0].headers["location"]).text
    assert "Your review is withdrawn." in text
    assert fields(text) == ("", "", "")
    assert send(member, page).headers["location"] == f"{page}?said=reviewed"
    assert stored(member, page)["version"] == 3


@pytest.mark.parametrize("rating", ["", "11", "-1", "7.5", "seven", "\u0667", "9" * 5000])
def test_a_rating_has_to_be_chosen(member: Person, page: str, rating: str) -> None:
    """The error stands in the summary and at the group, and the comment is kept."""
    answer = send(member, page, rating=rating, comment="Long thoughts")

    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert '<a href="#rating">Choose a rating from 0 to 10.</a>' in answer.text
    assert '<p class="error" id="rating-error">Choose a rating from 0 to 10.</p>' in answer.text
    assert 'aria-invalid="true" aria-describedby="rating-error rating-hint"' in answer.text
    assert fields(answer.text)[2] == "Long thoughts"
    assert stored(member, page)["status"] == 404


def test_a_comment_that_does_not_fit_is_kept(member: Person, page: str) -> None:
    """The error is at its field, and nothing of the text is cut."""
    comment = "x" * 5001

    answer = send(member, page, comment=comment)

    error = "The comment must not be longer than 5000 characters."
    assert f'<p class="error" id="comment-error">{error}</p>' in answer.text
    assert fields(answer.text) == ("", "7", comment)


def test_a_comment_is_plain_text(member: Person, organiser: Person, page: str) -> None:
    """Markup is shown as text, on the page and in the form."""
    send(member, page, comment=SCRIPT)

    mine, others = member.get(page).text, organiser.get(page).text
    again = send(member, page, rating="", comment=SCRIPT).text

    for text in (mine, others, again):
        assert "<script>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;/textarea&gt;\n&amp; more" in text


def test_visitors_are_asked_to_log_in(visitor: Person, page: str) -> None:
    """They see no form, and the way to log in leads back to the book."""
    text = visitor.get(page).text

    assert "<form" not in text
    assert f'<a href="/login?next={page.replace("/", "%2F")}">Log in</a>' in text


def test_a_club_that_nobody_claimed_has_no_members(visitor: Person) -> None:
    """The page leads to the welcome page: a review needs a member."""
    page = f"/books/{visitor.post('/api/books', json=BOOK).json()['id']}"

    assert '<a href="/welcome">Become its organiser</a>' in visitor.get(page).text
    assert send(visitor, page).status_code == 401


def test_an_organiser_withdraws_the_review_of_another(
    organiser: Person, member: Person, page: str
) -> None:
    """The button stands beside each review, for organisers alone; a member gets 403."""
    send(member, page)
    path = f"{page}/reviews/{stored(member, page)['id']}/withdraw"
    send(organiser, page, rating="1")

    refused = member.post(path, data={"sure": "yes"})
    shown = organiser.get(page).text
    answers = [organiser.post(path, data={"sure": "yes"}) for _ in range(2)]

    assert refused.status_code == 403
    assert f'action="{path}"' in shown
    assert "/reviews/" not in "".join(re.findall(r'action="(.*?)"', member.get(page).text))
    for answer in answers:
        assert answer.headers["location"] == f"{page}?said=withdrawn-by-organiser"
    assert stored(member, page)["status"] == 404
    assert stored(organiser, page)["rating"] == 1


@pytest.mark.parametrize("path", ["/review/withdraw", "/reviews/{}/withdraw"])
def test_visitors_withdraw_nothing(visitor: Person, member: Person, page: str, path: str) -> None:
    """401, and the review stays."""
    send(member, page)
    review_id = stored(member, page)["id"]

    answer = visitor.post(page + path.format(review_id), data={"sure": "yes"})

    assert answer.status_code == 401
    assert stored(member, page)["rating"] == 7


def test_a_book_that_is_not_there(member: Person) -> None:
    """404 from each of the forms."""
    page = "/books/01890000-0000-7000-8000-000000000000"

    assert send(member, page).status_code == 404
    assert send(member, page, version="1").status_code == 404
    assert send(member, page, rating="").status_code == 404
    assert member.post(f"{page}/review/withdraw", data={"sure": "yes"}).status_code == 404
