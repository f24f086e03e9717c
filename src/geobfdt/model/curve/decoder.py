"""The curve decoder: each query looks at a narrow band along its own trace and moves the trace on to what it sees.

The first layers look at a wide band of coarse features, the last at a narrow band of fine ones.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import at_once, only_measured, wrap
from geobfdt.model.network_settings import CurveSettings

__all__ = ["CurveDecoder", "Guess", "Sight", "fold", "stretch"]

# How little columns have to say, all together, for half of it to be believed: their errors of a centimetre or two,
# averaged over the turn, against queries that are some centimetres off; along steep traces scaled as these are.
_RIDGE = 0.01
_HANDFUL = 128  # queries looked at together
_ROW = 16  # queries that see the same others, those beside the first of them to those beside the last


class Sight(NamedTuple):
    """
    What queries look at: features as they are read along traces, from top to bottom, the share measured last.

    Parameters
    ----------
    coarse : Tensor (batch, columns / 4, rows / 4, sampled + 1)
        At a quarter of the image's resolution.
    fine : Tensor (batch, columns / 2, rows / 2, fine + 1)
        At half of it.
    """

    coarse: Tensor
    fine: Tensor


class Guess(NamedTuple):
    """
    What a decoder layer says of its queries.

    Parameters
    ----------
    logits : Tensor (batch, queries, classes)
        Log odds of each class.
    traces : Tensor (batch, queries, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the image.
    evidence : Tensor (batch, queries, columns)
        How much each column of the features that the layer looked at had to say, 0 to 1.
    content : Tensor (batch, queries, content)
        What the queries know.
    """

    logits: Tensor
    traces: Tensor
    evidence: Tensor
    content: Tensor


def stretch(traces: Tensor, radius: Tensor) -> Tensor:
    """
    Tell how much taller in depth than square to itself a trace's band is, averaged over the turn.

    Parameters
    ----------
    traces : Tensor (..., 3)
        ``(z0, a, b)`` (m).
    radius : Tensor
        Hole radius (m), of a shape that broadcasts with the traces'.

    Examples
    --------
    >>> stretch(torch.tensor([0.0, 0.1, 0.1]), torch.tensor(0.1)).item()
    1.414
    """
    return torch.sqrt(1 + (traces[..., 1] ** 2 + traces[..., 2] ** 2) / radius**2 / 2)


def fold(offsets: Tensor, weights: Tensor, waves: Tensor, ridge: float | Tensor = _RIDGE) -> Tensor:
    """
    Fit ``dz0 + da cos t + db sin t`` to offsets round the hole.

    Parameters
    ----------
    offsets, weights : Tensor (..., columns)
        Offset (m) and weight of each column.
    waves : Tensor (columns, 3)
        1, cos t and sin t of the columns.
    ridge : float or Tensor (...)
        Weight that holds the answer at 0.

    Returns
    -------
    Tensor (..., 3)
        Weighted least squares, solved by Cramer's rule, which every runtime has.

    Examples
    --------
    >>> t = 2 * torch.pi * torch.arange(8) / 8
    >>> waves = torch.stack([torch.ones(8), t.cos(), t.sin()], 1)
    >>> fold(0.1 - 0.2 * t.cos(), torch.ones(8), waves, 1e-6)
    tensor([ 0.1000, -0.2000,  0.0000])
    """
    share = weights / waves.shape[0]
    pairs = torch.stack([waves[:, i] * waves[:, j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))], 1)
    n00, n01, n02, n11, n12, n22 = (share @ pairs).unbind(-1)
    n00, n11, n22 = n00 + ridge, n11 + ridge, n22 + ridge
    r0, r1, r2 = ((share * offsets) @ waves).unbind(-1)
    c00, c01, c02 = n11 * n22 - n12 * n12, n02 * n12 - n01 * n22, n01 * n12 - n02 * n11
    c11, c12, c22 = n00 * n22 - n02 * n02, n01 * n02 - n00 * n12, n00 * n11 - n01 * n01
    whole = n00 * c00 + n01 * c01 + n02 * c02
    answer = torch.stack(
        [c00 * r0 + c01 * r1 + c02 * r2, c01 * r0 + c11 * r1 + c12 * r2, c02 * r0 + c12 * r1 + c22 * r2], -1
    )
    return answer / whole[..., None]


class CurveDecoder(nn.Module):
    """
    Refine queries layer by layer.

    Parameters
    ----------
    settings : CurveSettings
        Sizes.
    classes : int
        Classes told apart.
    """

    def __init__(self, settings: CurveSettings, classes: int) -> None:
        super().__init__()
        self.beside = settings.beside
        self.company = settings.company
        self.sampled = nn.Conv2d(settings.features, settings.sampled, 1)
        self.start = nn.Parameter(torch.zeros(settings.content))
        self.strides = [stride for stride, *_ in settings.layers]
        self.layers = nn.ModuleList(
            _Layer(settings, *layer, settings.sampled if layer[0] == 4 else settings.fine, classes)
            for layer in settings.layers
        )

    def sight(
        self, features: Tensor, mask: Tensor, fine: Tensor, fine_mask: Tensor, rows: dict[int, Tensor] | None = None
    ) -> Sight:
        """
        Lay out what a ``Pyramid`` saw.

        Parameters
        ----------
        features, fine : Tensor (batch, channels, rows, columns)
            From the pyramid.
        mask, fine_mask : Tensor (batch, 1, rows, columns)
            The share of each that was measured.
        rows : dict of int to Tensor, optional
            As in :func:`geobfdt.model.curve.backbone.measured_rows`.
        """
        sampled = only_measured(self.sampled(features), None if rows is None else rows[4])
        levels = ((sampled, mask), (fine, fine_mask))
        return Sight(*(torch.cat([part.permute(0, 3, 2, 1) for part in level], dim=3) for level in levels))

    def forward(
        self,
        sight: Sight,
        traces: Tensor,
        radius: Tensor,
        group: Tensor,
        content: Tensor | None = None,
        rounds: slice = slice(None),
    ) -> list[Guess]:
        """
        Look along queries.

        Each sees the queries next to it in depth, so that the cost grows with the length of a strip, not its square.

        Parameters
        ----------
        sight : Sight
            What was seen.
        traces : Tensor (batch, queries, 3)
            ``(z0, a, b)`` (m), z0 from the first row of the image; sorted by group, then by z0.
        radius : Tensor (batch,)
            Hole radius (m).
        group : Tensor (batch, queries)
            Queries of different groups do not see each other.
        content : Tensor (batch, queries, content), optional
            What queries know from rounds before.
        rounds : slice
            Layers that are asked.

        Returns
        -------
        list of Guess
            One a layer.
        """
        asked = list(zip(self.layers, self.strides, strict=True))[rounds]
        fields = {4: sight.coarse, 2: sight.fine}
        if content is None:
            content = self.start.expand(*traces.shape[:2], -1)
        radius = radius[:, None]
        rows = _rows(traces.shape[1], self.beside, traces.device)
        other = group[:, rows.own][..., None] != group[:, rows.near][:, :, None]
        blocked = torch.maximum(rows.blocked, other.to(traces.dtype))
        guesses = []
        for layer, stride in asked:
            company = self._company(traces, radius, rows)
            far = torch.maximum(blocked, company[..., 4])
            guesses.append(layer(content, fields[stride], traces, radius, company, rows, far))
            traces, content = guesses[-1].traces.detach(), guesses[-1].content
        return guesses

    def _company(self, traces: Tensor, radius: Tensor, rows: _Rows) -> Tensor:
        """How queries lie to those beside them (batch, rows, own, near, 5); turning the hole leaves it unchanged."""
        change = traces[:, rows.own][:, :, :, None] - traces[:, rows.near][:, :, None]
        rms = torch.sqrt(change[..., 0] ** 2 + (change[..., 1] ** 2 + change[..., 2] ** 2) / 2 + 1e-8)
        tall = stretch(traces, radius)
        scaled = rms / torch.sqrt(tall[:, rows.own][..., None] * tall[:, rows.near][:, :, None])
        pole = torch.cat([traces[..., 1:] / radius[..., None], torch.ones_like(traces[..., :1])], dim=-1)
        pole = pole / torch.sqrt((pole**2).sum(-1, keepdim=True))
        along = (pole[:, rows.own] @ pole[:, rows.near].transpose(-1, -2)).abs()
        close = torch.exp(-((change[..., 0] / 0.3) ** 2))
        far = (change[..., 0].abs() > self.company).to(traces.dtype)
        return torch.stack([torch.log(scaled + 0.002) + 3, along**2, along**16, close, far], dim=-1)


class _Rows(NamedTuple):
    """
    Queries in rows, which see about the same others, so that products of matrices tell how they go together.

    Parameters
    ----------
    own : Tensor (rows, own)
        Queries of each row; the last is repeated.
    near : Tensor (rows, near)
        Those that the row sees.
    blocked : Tensor (rows, own, near)
        1 where two are too many queries apart, or there is none, else 0.
    """

    own: Tensor
    near: Tensor
    blocked: Tensor


def _rows(queries: int, beside: int, device: torch.device) -> _Rows:
    """Deal queries out to rows."""
    first = _ROW * torch.arange((queries + _ROW - 1) // _ROW, device=device)[:, None]
    own = first + torch.arange(_ROW, device=device)
    near = first + torch.arange(-beside, _ROW + beside, device=device)
    apart = (own[:, :, None] - near[:, None]).abs() > beside
    none = (near < 0) | (near >= queries)
    return _Rows(own.clamp(max=queries - 1), near.clamp(0, queries - 1), (apart | none[:, None]).float())


class _Layer(nn.Module):
    """One look along the traces, one among the queries."""

    waves: Tensor
    across: Tensor

    def __init__(
        self, settings: CurveSettings, stride: int, band: float, samples: int, local: int, channels: int, classes: int
    ) -> None:
        super().__init__()
        size, columns = settings.content, settings.columns // stride
        turn = 2 * math.pi * torch.arange(columns) / columns
        self.register_buffer("waves", torch.stack([torch.ones(columns), turn.cos(), turn.sin()], 1), persistent=False)
        self.register_buffer("across", band * torch.linspace(-1, 1, samples), persistent=False)
        self.row = stride * settings.step
        self.heads = 4
        self.limit = band
        self.look = nn.Linear(samples * (channels + 1), local)
        self.tell = nn.Linear(size, local)
        self.again = nn.Linear(3 * local, local)
        self.along = nn.ModuleList(_Along(local, reach) for reach in (2, 4, 8, 16) if 4 * reach <= columns)
        self.local = nn.Linear(local, 2)
        self.mean = nn.Linear(2 * local, size)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(size) for _ in range(3))
        self.bias = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2 * self.heads))
        self.project = nn.Linear(size, 3 * size)
        self.relation = nn.Linear(self.heads, size)
        self.out = nn.Linear(size, size)
        self.wide, self.back = nn.Linear(size, 2 * size), nn.Linear(2 * size, size)
        self.classes = nn.Linear(size, classes)
        nn.init.constant_(self.classes.bias, -2.0)

    def forward(
        self, content: Tensor, field: Tensor, traces: Tensor, radius: Tensor, company: Tensor, rows: _Rows,
        blocked: Tensor,
    ) -> Guess:  # fmt: skip
        """Update contents and traces."""
        parts = [self._listen(content[:, some], field, traces[:, some], radius) for some in _handfuls(content.shape[1])]
        heard, moved, weight = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        content = self.norm1(content + heard)
        content = self.norm2(content + self._attend(content, company, rows, blocked))
        content = self.norm3(content + self.back(functional.relu(self.wide(content))))
        return Guess(self.classes(content), traces + moved, weight, content)

    def _listen(self, content: Tensor, field: Tensor, traces: Tensor, radius: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What queries hear along their traces (batch, queries, content), where these go, and the weight of columns."""
        band, slope = self._band(field, traces, radius)
        seen = self.look(band).add_(self.tell(content)[:, :, None]).relu_()
        # What a line is shows in how it goes on: each column hears the two beside it on the trace, then others ever
        # farther away, so that what is too faint to tell in a column adds up over the part of the turn where it shows.
        # A convolution: as a product of matrices it would first write each column three times.
        around = wrap(seen, 1, dim=2).flatten(0, 1).transpose(1, 2)
        kernel = self.again.weight.reshape(seen.shape[3], 3, -1).transpose(1, 2)
        told = functional.conv2d(around[:, :, None], kernel[:, :, None], self.again.bias)[:, :, 0]
        seen = told.transpose(1, 2).reshape(seen.shape)
        for part in self.along:
            seen = part(seen)
        seen = seen.relu_()
        offset, weight = self.local(seen).unbind(-1)
        offset, weight = self.limit * torch.tanh(offset), torch.sigmoid(weight)
        share = weight / (weight.sum(-1, keepdim=True) + 1e-3)
        pooled = torch.cat([(seen * share[..., None]).sum(2), seen.mean(2)], dim=-1)
        # Offsets are square to the trace: steep columns say less about its depth.
        ridge = _RIDGE / stretch(traces, radius) ** 2
        return self.mean(pooled), fold(offset * slope, weight / slope**2, self.waves, ridge), weight

    def _band(self, field: Tensor, traces: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, queries, columns, samples x channels) across each trace, and its local stretch."""
        batch, columns, rows, channels = field.shape
        depth = traces @ self.waves.T
        rise = traces[..., 2:] * self.waves[:, 1] - traces[..., 1:2] * self.waves[:, 2]
        slope = torch.sqrt(1 + (rise / radius[..., None]) ** 2)
        at = (depth[..., None] + slope[..., None] * self.across) / self.row
        # Half a row beyond the ends counts: queries often begin on the last row itself, where rounding would decide.
        inside = ((at > -0.5) & (at < rows - 0.5)).to(field.dtype)
        at = at.clamp(0, rows - 1)
        low = at.floor().clamp(max=max(rows - 2, 0))
        part = at - low
        each = torch.arange(batch, device=field.device)[:, None] * columns
        line = (each + torch.arange(columns, device=field.device))[:, None, :, None] * rows
        index = low.long() + line
        flat = field.reshape(-1, channels)
        first = functional.embedding(index, flat)
        second = functional.embedding((index + 1).clamp(max=flat.shape[0] - 1), flat)
        band = first.mul_(((1 - part) * inside)[..., None]).addcmul_(second, (part * inside)[..., None])
        return band.flatten(-2), slope

    def _attend(self, content: Tensor, company: Tensor, rows: _Rows, blocked: Tensor) -> Tensor:
        """What queries hear from each other (batch, queries, content)."""
        query, key, value = self.project(content).unflatten(-1, (3, self.heads, -1)).unbind(2)
        query, key, value = (
            part.movedim(3, 2) for part in (query[:, rows.own], key[:, rows.near], value[:, rows.near])
        )
        bias, gate = self.bias(company).chunk(2, dim=-1)
        score = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias.movedim(4, 2)
        attention = torch.softmax(score - 1e4 * blocked[:, :, None], dim=-1)
        # Softmax cannot count: how many neighbours there are, and of what kind, is summed beside it.
        count = (torch.sigmoid(gate) * (1 - blocked[..., None])).sum(3)
        heard: Tensor = self.out((attention @ value).movedim(2, 3).flatten(3)) + self.relation(torch.log1p(count))
        return heard.flatten(1, 2)[:, : content.shape[1]]


def _handfuls(queries: int) -> list[slice]:
    """So many queries at a time as the cache of a core holds; all of them where gradients or a graph are made."""
    if at_once() or queries <= _HANDFUL:
        return [slice(None)]
    return [slice(first, first + _HANDFUL) for first in range(0, queries, _HANDFUL)]


class _Along(nn.Module):
    """What columns so far apart on a trace tell each other; at first nothing."""

    def __init__(self, channels: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.shares = nn.Parameter(torch.full((3, channels), 1 / 3))
        self.mix = nn.Linear(channels, channels)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, seen: Tensor) -> Tensor:
        """Add what columns hear to what they have seen (batch, queries, columns, channels), in its place if it may."""
        before, here, after = self.shares
        said = functional.relu(seen)
        if at_once():
            around = wrap(said, self.reach, dim=2)
            heard = (said * here).addcmul_(around[:, :, : seen.shape[2]], before)
            mixed: Tensor = self.mix(heard.addcmul_(around[:, :, 2 * self.reach :], after))
            return mixed.add_(seen)
        # The same without copies: each pass over so much memory counts.
        heard = said * here
        for share, reach in ((before, self.reach), (after, -self.reach)):
            heard[:, :, reach:].addcmul_(said[:, :, :-reach], share)
            heard[:, :, :reach].addcmul_(said[:, :, -reach:], share)
        size = seen.shape[3]
        seen.add_(self.mix.bias).view(-1, size).addmm_(heard.view(-1, size), self.mix.weight.T)
        return seen
