"""What every storage promises about the erasure of a member."""

import json
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import ReviewerNotFound
from reading_club.domain.messages import (
    COMMANDS,
    EVENTS,
    CreateReview,
    CreateReviewer,
    EraseReviewer,
    ReviseReview,
)
from reading_club.domain.model import FORMER_MEMBER
from reading_club.eventstream.wire import wire_type
from reading_club.service import review_repository
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.erasure_helpers import COMMENT, NICKNAME, ErasureFixtures

TYPES = {wire_type(each): each for each in (*COMMANDS, *EVENTS)}


class ErasureContract(ErasureFixtures):
    """An erased reviewer has no words, and writes none; the rest of the club stays.

    Needs the fixtures of the accounts' contracts, and ``bus``, ``history`` and ``transport``.
    """

    async def test_the_reviewer_loses_the_nickname_and_the_reviews(self) -> None:
        """The reviewer is a former member whose nickname is free, and all reviews are withdrawn."""
        reviewer_id, review_ids = await self.a_member()

        await self.send(EraseReviewer(id=reviewer_id))
        await self.send(CreateReviewer(nickname=NICKNAME))

        async def read(uow: AbstractUnitOfWork) -> tuple[Any, ...]:
            reviews = [await uow.reviews.get(id_) for id_ in review_ids]
            said = {(review.comment, review.withdrawn) for review in reviews}
            return await uow.reviewers.get(reviewer_id), said, await uow.reviews.ids_of(reviewer_id)

        reviewer, said, ids = await self.run(read)
        assert (reviewer.nickname, reviewer.erased) == (FORMER_MEMBER, True)
        assert said == {("", True)}
        assert sorted(ids) == sorted(review_ids)

    async def test_the_erasure_is_published(self) -> None:
        """Subscribers get a withdrawal of each review that was there, and one erasure."""
        reviewer_id, _ = await self.a_member()
        before = len(self.transport.events)

        for _ in range(2):
            await self.send(EraseReviewer(id=reviewer_id))

        events = self.transport.events[before:]
        assert sorted(event["type"] for event in events) == [
            "review_withdrawn_v1",
            "review_withdrawn_v1",
            "reviewer_erased_v1",
        ]
        payloads = [json.loads(event["payload"]) for event in events]
        assert {"id": str(reviewer_id)} in payloads

    async def test_the_history_has_no_word_and_still_decodes(self) -> None:
        """Commands and events keep ids, ratings and versions, and are valid messages."""
        reviewer_id, review_ids = await self.a_member()

        await self.send(EraseReviewer(id=reviewer_id))

        text = await self.payloads()
        assert NICKNAME not in text
        assert COMMENT not in text
        assert all(str(id_) in text for id_ in [reviewer_id, *review_ids])
        for message in await self.history():
            about = message["metadata"]
            type_ = f"{about['name']}_v{about['schema_version']}"
            TYPES[type_].model_validate(message["payload"])

    async def test_the_words_of_others_stay(self) -> None:
        """Another member's nickname and review are as before."""
        reviewer_id, _ = await self.a_member()
        join = CreateReviewer(nickname="Ada")
        (book,) = await self.books(1)
        rate = CreateReview(book_id=book.id, reviewer_id=join.id, rating=7, comment="to stay")
        await self.send(join, rate, ReviseReview(id=rate.id, rating=8, comment="to remain"))

        await self.send(EraseReviewer(id=reviewer_id))

        text = await self.payloads()
        assert all(words in text for words in ("Ada", "to stay", "to remain"))
        review = await self.run(lambda uow: uow.reviews.get(rate.id))
        assert (review.comment, review.withdrawn) == ("to remain", False)

    async def test_more_reviews_than_one_batch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Reviews are withdrawn in batches, until none is left."""
        monkeypatch.setattr(review_repository, "WITHDRAWN_TOGETHER", 2)
        reviewer_id, _ = await self.a_member(reviews=7)

        await self.send(EraseReviewer(id=reviewer_id))

        assert await self.run(lambda uow: uow.reviews.page(reviewer_id=reviewer_id)) == []
        assert COMMENT not in await self.payloads()

    async def test_an_erased_reviewer_writes_nothing(self) -> None:
        """New reviews, revisions and the old nickname are refused, as the reviewer is not found."""
        reviewer_id, (review_id, *_) = await self.a_member()
        (book,) = await self.books(1)
        await self.send(EraseReviewer(id=reviewer_id))

        for command in (
            CreateReview(book_id=book.id, reviewer_id=reviewer_id, rating=1, comment=COMMENT),
            ReviseReview(id=review_id, rating=1, comment=COMMENT),
        ):
            with pytest.raises(ReviewerNotFound):
                await self.send(command)
        with pytest.raises(ReviewerNotFound):
            await self.send(EraseReviewer(id=uuid7()))

        assert COMMENT not in await self.payloads()
