"""The use case behind `sealock status`: what runs where, and what stands in the way of the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app import status_memory
from sealock.app.status_ages import Ages
from sealock.app.status_gates import StatusGates
from sealock.app.status_memory import Remembered, RememberedFiles, RememberedPins
from sealock.app.status_releases import released
from sealock.domain.environment_order import EnvironmentOrder
from sealock.domain.hotfix_debt import open_debts
from sealock.domain.printable import printable
from sealock.domain.recorded_moves import Moves
from sealock.domain.service_overlays import service_overlays
from sealock.domain.standing import standing
from sealock.domain.status import Arrival, Cell, OverlayPins, StatusReport
from sealock.domain.suggest import did_you_mean
from sealock.errors import SealockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sealock.app.status_gates import AskGates
    from sealock.domain.promotion import Branch, ImagePin
    from sealock.domain.recorded_moves import Moved
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import Settings
    from sealock.domain.status import NextStep, OpenPromotion
    from sealock.ports import BranchChanges, Clock, CommitLog, Memory, ReleaseTags, SignedFiles

    Cells = dict[tuple[str, str], Cell]


class StatusPorts(NamedTuple):
    """What a status asks. `files` are those of the deployed branch's tip.

    `folders` are the services' folders by service, as the catalog says. `gates` asks gates that need only
    evidence and the time. `opened` are the promotions that wait on branches.
    """

    files: SignedFiles
    log: CommitLog
    changes: BranchChanges
    tags: ReleaseTags
    gates: AskGates
    folders: Callable[[], Mapping[str, str]]
    opened: Callable[[], Sequence[OpenPromotion]]
    memory: Memory
    clock: Clock


class StatusQuestion(NamedTuple):
    """What is asked: the commit `tip` of `branch`, and only these services and environments if any.

    `configured` says whether there is a sealock.yaml.
    """

    branch: Branch
    tip: str
    settings: Settings
    configured: bool
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class ShowStatus:
    """Puts the matrix of services and environments together."""

    def __init__(self, ports: StatusPorts, question: StatusQuestion) -> None:
        """Ask `ports`; nothing is asked before `run`."""
        self._ports = ports
        self._question = question
        self._environments = question.settings.environments

    def run(self) -> StatusReport:
        """Return the report. Raises UsageError for an unknown service or environment, Undecided."""
        ports, question = self._ports, self._question
        now = ports.clock.now()
        shown = self._shown_environments()
        about = question.settings.promotion.helm_values
        known = status_memory.recall(ports.memory, about)
        since = status_memory.begin(known, question.tip, ports.changes)
        recorded, why = status_memory.moves(known, question.tip, since, ports.log)
        files = RememberedFiles(ports.files, known.pins)
        cells = self._cells(files)
        moves = Moves(recorded)
        ages = Ages(ports.changes, question.tip, ports.files.read_text)
        held = ages.still(known.arrivals, since)
        brought = {place: _newest(cell, moves) for place, cell in cells.items()}
        arrivals = held | ages.find(_unexplained(cells, brought) - held.keys())
        # What is cut off may be whole next time.
        if not why and (files.new or since != question.tip or arrivals != known.arrivals):
            now_known = Remembered(question.tip, recorded, arrivals, files.known)
            status_memory.keep(ports.memory, about, now_known)
        cells = {place: _aged(cell, arrivals, brought[place]) for place, cell in cells.items()}
        cells = released(cells, recorded, ports.tags, question.settings.promotion.release_tag)
        gates = StatusGates(ports.gates, question.tip, now)
        cells, trains = self._opened(self._compared(cells, moves, gates))
        return StatusReport(
            question.branch,
            question.tip,
            int(now.timestamp()),
            tuple(gates.environment(self._environments[each]) for each in shown),
            tuple(each for each in cells.values() if each.environment in shown),
            "configured" if question.configured else "none configured",
            trains,
            why or ages.why,
        )

    def _shown_environments(self) -> tuple[str, ...]:
        for each in self._question.environments:
            if each not in self._environments:
                message = f"there is no environment {printable(each)!r}"
                raise UsageError(message, hint=did_you_mean(each, self._environments))
        return tuple(each for each in self._environments if each in (self._question.environments or (each,)))

    def _cells(self, files: RememberedFiles) -> Cells:
        """Return the cells of the services asked for, in all environments, sorted. Raises UsageError."""
        listed = self._ports.files.files()
        found: dict[tuple[str, str], list[ServiceOverlay]] = {}
        for each in service_overlays(listed, self._environments, self._ports.folders()):
            found.setdefault((each.service, each.environment), []).append(each)
        self._refuse_unknown({service for service, _ in found})
        order = {name: index for index, name in enumerate(self._environments)}
        wanted = self._question.services
        places = sorted(
            (place for place in found if not wanted or place[0] in wanted),
            key=lambda place: (place[0], order[place[1]]),
        )
        reader = _Reader(files, self._question.settings, _overrides(listed))
        return {place: _cell([reader.read(each) for each in found[place]], *place) for place in places}

    def _refuse_unknown(self, services: set[str]) -> None:
        for each in self._question.services:
            if each not in services:
                message = f"there is no service {printable(each)!r} in this repository"
                hint = did_you_mean(each, sorted(services))
                raise UsageError(message, hint=hint or "No folder looks like SERVICE/overlays/ENVIRONMENT.")

    def _compared(self, cells: Cells, moves: Moves, gates: StatusGates) -> Cells:
        """Return the cells, each beside those it comes from and those it goes to, with its debts."""
        order = EnvironmentOrder(self._environments, cells)
        beside = {
            place: tuple(
                standing(cell, cells[cell.service, source], moves) for source in order.sources(*place)
            )
            for place, cell in cells.items()
        }
        after: dict[tuple[str, str], list[NextStep]] = {}
        for place, standings in beside.items():
            for each in standings:
                if each.word not in {"same", "ahead"}:
                    source = cells[place[0], each.environment]
                    step = gates.towards(self._environments[place[1]], source, cells[place])
                    after.setdefault((place[0], each.environment), []).append(step)
        running = {place: _running(cell) for place, cell in cells.items()}
        debts = open_debts(moves, order.earlier, running)
        return {
            place: replace(
                cell,
                standings=beside[place],
                next=tuple(after.get(place, ())),
                debts=tuple(each for each in debts if (each.service, each.environment) == place),
            )
            for place, cell in cells.items()
        }

    def _opened(self, cells: Cells) -> tuple[Cells, tuple[OpenPromotion, ...]]:
        """Return the cells with the promotions that wait for them, and those of several services."""
        trains = []
        for each in self._ports.opened():
            place = each.service, each.environment
            if place in cells:
                cells[place] = replace(cells[place], open=(*cells[place].open, each))
            elif not self._question.services:
                trains.append(each)
        return cells, tuple(trains)


def _overrides(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return Argo CD's overrides by folder; few repositories have any."""
    found = [each for each in files if ".argocd-source" in each]
    if not found:
        return {}
    from sealock.app.image_sites import override_files  # noqa: PLC0415 - slow to load, and seldom needed

    return override_files(found)


class _Reader:
    """Reads what counts for overlays of their images."""

    def __init__(
        self, files: RememberedFiles, settings: Settings, overrides: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._files = files
        self._settings = settings
        self._overrides = overrides

    def read(self, overlay: ServiceOverlay) -> OverlayPins:
        overrides = self._overrides.get(overlay.path, ())
        try:
            found = self._files.pins(
                "\n".join((overlay.file, *overrides)),
                lambda read_text: self._sites(read_text, overlay, overrides),
            )
        except (SealockError, FileNotFoundError) as wrong:
            fault = wrong.message if isinstance(wrong, SealockError) else "the file is not there"
            return OverlayPins(overlay.path, (), fault=fault)
        return OverlayPins(overlay.path, found.pins, found.files)

    def _sites(
        self, read_text: Callable[[str], str], overlay: ServiceOverlay, overrides: tuple[str, ...]
    ) -> RememberedPins:
        from sealock.app.image_sites import ImageSites  # noqa: PLC0415 - what is remembered needs it not

        sites = ImageSites(read_text, self._settings).of(overlay, overrides=overrides)
        # The first for a name is the one that counts.
        first = {each.pin.name: each for each in reversed(sites)}
        counting = [each for each in sites if first[each.pin.name] is each]
        said = dict.fromkeys(each.file for each in counting if each.kind != "base")
        return RememberedPins({}, tuple(each.pin for each in counting), tuple(said))


def _cell(overlays: Sequence[OverlayPins], service: str, environment: str) -> Cell:
    said = {frozenset((pin.name, pin.digest or pin.tag) for pin in each.pins) for each in overlays}
    agree = len(said) == 1 and not any(each.fault for each in overlays)
    return Cell(
        service,
        environment,
        tuple(overlays),
        overlays[0].pins if agree else (),
        differ=len(said) > 1,
    )


def _newest(cell: Cell, moves: Moves) -> Moved | None:
    """Return the promotion that brought what a cell has; None where the newest one brought something else."""
    found = [(moves.into(cell.service, cell.environment, pin.repository) or (None,))[-1] for pin in cell.pins]
    if not found or any(
        each is None or each.digest != pin.digest for each, pin in zip(found, cell.pins, strict=True)
    ):
        return None
    return max((each for each in found if each), key=lambda each: each.time)


def _unexplained(cells: Cells, brought: Mapping[tuple[str, str], Moved | None]) -> set[str]:
    """Return the files of cells that no promotion brought to where they are."""
    return {
        file
        for place, cell in cells.items()
        if brought[place] is None
        for each in cell.overlays
        for file in each.files
    }


def _aged(cell: Cell, arrivals: Mapping[str, Arrival], brought: Moved | None) -> Cell:
    if brought is not None:
        return replace(cell, arrived=Arrival(brought.time, brought.commit, brought.action))
    found = [arrivals[file] for each in cell.overlays for file in each.files if file in arrivals]
    return replace(cell, arrived=max(found, key=lambda each: each.time)) if found else cell


def _running(cell: Cell) -> dict[str, frozenset[str]]:
    """Return the digests that a cell's overlays have, by image."""
    found: dict[str, set[str]] = {}
    for pin in _all_pins(cell):
        found.setdefault(pin.repository, set()).update({pin.digest} - {""})
    return {image: frozenset(digests) for image, digests in found.items()}


def _all_pins(cell: Cell) -> Iterator[ImagePin]:
    return (pin for overlay in cell.overlays for pin in overlay.pins)
