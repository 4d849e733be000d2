"""Small environments with gymnasium's interface: a grid world and a car that must keep its lane.

Both are deterministic for a seed and draw themselves into arrays. They are made by their classes,
or by ``gymnasium.make("course/GridWorld-v0")`` once this module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

Info = dict[str, Any]
ACTIONS = ("up", "right", "down", "left")
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # (action, row and column)

# Maps known from textbooks; the last two want rewards={"C": -100}, and rewards={"G": 1},
# step_reward=0, slip=2 / 3, and then have the model of gymnasium's CliffWalking and FrozenLake.
SMALL_GRID = ("G...", "....", "....", "...G")
CLIFF = ("............", "............", "............", "SCCCCCCCCCCG")
FROZEN_LAKE = ("S...", ".X.X", "...X", "X..G")

_BLUE, _GREEN, _ORANGE, _YELLOW = (0, 114, 178), (0, 158, 115), (213, 94, 0), (240, 228, 66)


class GridWorld(gym.Env):
    """An agent on a map of squares, whose model is known exactly.

    ``rows`` is the map: one string a row, of equal lengths.

    - ``#`` is a wall; the edge of the map acts as one. A move against it stays where it is.
    - ``S`` is a start, of several one is drawn evenly; without any, all floor is.
    - ``C`` is a cliff: who steps there is put back to a start, and the episode goes on.
    - Any other capital letter ends the episode (``G`` goal, ``X`` pit …). The rest is floor.

    The reward of a move depends on the cell in which it ends: ``rewards[letter]`` where given,
    else ``step_reward``. With probability ``slip`` the agent moves at a right angle to what it
    wanted, to either side alike. After ``time_limit`` steps (None: never) the episode is cut off:
    ``truncated`` is then true and ``terminated`` false, for the limit is no part of the task.

    Actions are 0 up, 1 right, 2 down, 3 left, as in :data:`ACTIONS`. States number the cells that
    are no walls in reading order. ``reset(options={"state": s})`` begins in state ``s``.
    After the end the agent stays where it is and gets 0.

    Attributes (arrays; S states, 4 actions)
    P : (S, 4, S) float, probability of the next state; a state that ends the episode keeps itself.
    R : (S, 4) float, expected reward of an action; 0 where the episode has ended.
    terminal : (S,) bool, states that end the episode.
    start : (S,) float, probability of beginning in a state.
    cells : (S, 2) int, row and column of a state.
    letters : (S,) str, the map's letter of a state.
    state : the current state, an int; None before the first reset.

    Source: the grids follow R. Sutton and A. Barto, Reinforcement Learning (2018), chapters 4, 6.
    """

    metadata: ClassVar[Info] = {"render_modes": ["rgb_array"], "render_fps": 4}

    def __init__(
        self,
        rows: Sequence[str] = SMALL_GRID,
        *,
        rewards: Mapping[str, float] | None = None,
        step_reward: float = -1.0,
        slip: float = 0.0,
        time_limit: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        rows = rows.split() if isinstance(rows, str) else rows
        if len({len(row) for row in rows}) != 1 or not rows[0]:
            raise ValueError("the rows of a map are strings of one length, at least 1")
        if not 0 <= slip <= 1:
            raise ValueError(f"slip={slip}: a probability lies in 0 … 1")
        self.map = np.array([list(row) for row in rows])  # (rows, columns) of letters
        self.slip, self.time_limit, self.render_mode = slip, time_limit, render_mode
        self.cells = np.argwhere(self.map != "#")
        self.letters = self.map[tuple(self.cells.T)]
        self.terminal = np.array([x.isupper() and x not in "SC" for x in self.letters], dtype=bool)
        free = self.letters == "S"
        free = free if free.any() else ~self.terminal & (self.letters != "C")
        if not free.any():
            raise ValueError("the map has no cell in which an episode can begin")
        self.start = free / free.sum()
        self.rewards = dict(rewards or {})
        self._landing = np.array([self.rewards.get(x, step_reward) for x in self.letters], float)
        self._build_model()
        self.observation_space = spaces.Discrete(len(self.cells))
        self.action_space = spaces.Discrete(len(ACTIONS))
        self.state: int | None = None
        self._steps = 0

    def _build_model(self) -> None:
        numbers = np.full(np.add(self.map.shape, 2), -1)  # with a ring of walls around the map
        numbers[tuple((self.cells + 1).T)] = np.arange(len(self.cells))
        reached = self.cells[:, None] + 1 + MOVES  # (S, 4, 2)
        target = numbers[reached[..., 0], reached[..., 1]]  # (S, 4)
        self._target = np.where(target < 0, np.arange(len(target))[:, None], target)
        arrival = np.where((self.letters == "C")[:, None], self.start, np.eye(len(target)))
        self.P, self.R = np.zeros((*target.shape, len(target))), np.zeros(target.shape)
        for turn, chance in ((0, 1 - self.slip), (1, self.slip / 2), (-1, self.slip / 2)):
            target = np.roll(self._target, -turn, axis=1)  # where the move goes after the slip
            self.P += chance * arrival[target]
            self.R += chance * self._landing[target]
        self.P[self.terminal] = np.eye(len(target))[self.terminal][:, None]
        self.R[self.terminal] = 0.0

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[int, Info]:
        """Begin an episode: the state (an int) and an empty dictionary."""
        super().reset(seed=seed)
        given = (options or {}).get("state")
        self.state = self._draw_start() if given is None else int(given)
        if not self.observation_space.contains(self.state):
            raise ValueError(f"there is no state {self.state}")
        self._steps = 0
        return self.state, {}

    def _draw_start(self) -> int:
        return int(self.np_random.choice(len(self.start), p=self.start))

    def step(self, action: int) -> tuple[int, float, bool, bool, Info]:
        """Make one move: next state, reward, terminated, truncated, an empty dictionary."""
        if self.state is None:
            raise gym.error.ResetNeeded("call reset() before the first step()")
        if not self.action_space.contains(action):
            raise ValueError(f"action {action!r}: one of 0, 1, 2, 3 is needed")
        self._steps += 1
        if self.terminal[self.state]:
            reward = 0.0
        else:
            luck = self.np_random.random()
            turn = 0 if luck < 1 - self.slip else 1 if luck < 1 - self.slip / 2 else -1
            self.state = int(self._target[self.state, (action + turn) % len(ACTIONS)])
            reward = float(self._landing[self.state])
            if self.letters[self.state] == "C":
                self.state = self._draw_start()
        terminated = bool(self.terminal[self.state])
        over = not terminated and self._steps >= (self.time_limit or np.inf)
        return self.state, reward, terminated, over, {}

    def state_at(self, row: int, column: int) -> int:
        """The number of the state at a cell of the map, counted from 0."""
        found = np.flatnonzero((self.cells == (row, column)).all(axis=1))
        if not len(found):
            raise ValueError(f"there is no state at row {row}, column {column}")
        return int(found[0])

    def picture(self, values: Any) -> np.ndarray:
        """``values`` (S,), one a state, laid out as the map: (rows, columns), NaN in walls."""
        laid_out = np.full(self.map.shape, np.nan)
        laid_out[tuple(self.cells.T)] = np.asarray(values, dtype=float)
        return laid_out

    def render(self) -> np.ndarray | None:
        """The map (24·rows, 24·columns, 3), uint8; None unless ``render_mode="rgb_array"``.

        The agent is a blue disc; goals have a green frame, cliffs and other ends orange stripes.
        Floor with a reward of its own is yellow, walls are dark.
        """
        if self.render_mode != "rgb_array":
            return None
        side = 24
        down, across = np.indices((side, side))
        inside = (np.minimum(down, across) >= 1) & (np.maximum(down, across) < side - 1)
        middle = np.maximum(np.abs(down - 11.5), np.abs(across - 11.5)) < 7
        image = np.full((*self.map.shape, side, side, 3), 190, dtype=np.uint8)
        for place, letter in np.ndenumerate(self.map):
            tile = image[place]
            tile[inside] = (70, 70, 70) if letter == "#" else (250, 250, 250)
            if letter == "G" or (letter.isupper() and self.rewards.get(letter, 0) > 0):
                tile[inside & ~middle] = _GREEN
            elif letter.isupper() and letter != "S":
                tile[inside & ((down + across) % 8 < 4)] = _ORANGE
            elif letter in self.rewards:
                tile[inside] = _YELLOW
        if self.state is not None:
            tile = image[tuple(self.cells[self.state])]
            tile[(down - 11.5) ** 2 + (across - 11.5) ** 2 < 50] = _BLUE
        rows, columns = self.map.shape
        return image.swapaxes(1, 2).reshape(rows * side, columns * side, 3)


class LaneKeepingVector(VectorEnv):
    """``num_envs`` cars, each on a winding road of its own; gymnasium's vector interface.

    A car drives at 10 m/s and steers ten times a second. It knows nothing of lanes: the reward is
    1 for every step after which it is still on the road, else 0. ``terminated``: its middle is
    more than 2 m away from the middle of the road. ``truncated``: it is on the road after
    ``time_limit`` steps (200 steps are 20 s or 200 m).

    Action, (num_envs, 1) in -1 … 1 (cut off beyond): curvature of the path in units of 0.1 per
    metre; 1 is a left turn of 10 m radius. Observation, (num_envs, 6) float32, each in -1 … 1:

    - 0: distance to the middle of the road in units of 2 m, positive to the left of it
    - 1: angle between car and road in radians, positive when the car points to the left
    - 2 to 5: curvature of the road here and 5, 10 and 20 m ahead, in units of 0.1 per metre

    The curvature of the road is a sum of three sine waves (wave lengths 40, 70 and 130 m) with
    amplitudes up to 0.02 per metre, drawn at reset like the phases, the first offset (±0.5 m) and
    the first angle (±0.1 rad).

    Finished cars stand still with reward 0 and keep their flags, so whole episodes need no
    bookkeeping: step until all are done. ``reset(options={"reset_mask": done})``, ``done``
    (num_envs,) bool, puts only some on new roads (gymnasium's ``AutoresetMode.DISABLED``).
    ``reset(seed=s)`` gives car i the seed s + i; it then does what ``LaneKeeping`` does with it.

    State, arrays (num_envs,): ``station`` (metres along the road), ``offset`` (metres, positive to
    the left), ``angle`` (radians), ``steps``, ``terminated``, ``truncated``.
    The car is a point that follows its heading: no tyres, no delay. Our own construction.
    """

    metadata: ClassVar[Info] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.DISABLED,
    }
    SPEED, SECONDS, HALF_WIDTH, SHARPEST = 10.0, 0.1, 2.0, 0.1
    AHEAD = np.array([0.0, 5.0, 10.0, 20.0])  # metres at which the curvature is seen
    WAVES = np.array([40.0, 70.0, 130.0])  # metres

    def __init__(
        self, num_envs: int = 1, *, time_limit: int = 200, render_mode: str | None = None
    ) -> None:
        if num_envs < 1 or time_limit < 1:
            raise ValueError("at least one car and one step are needed")
        self.num_envs, self.time_limit, self.render_mode = num_envs, time_limit, render_mode
        self.single_observation_space = spaces.Box(-1.0, 1.0, (2 + len(self.AHEAD),), np.float32)
        self.single_action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.generators: list[np.random.Generator] = []
        self.amplitude, self.phase = np.zeros((2, num_envs, len(self.WAVES)))
        self.station, self.offset, self.angle = np.zeros((3, num_envs))
        self.steps = np.zeros(num_envs, dtype=int)
        self.terminated, self.truncated = np.zeros((2, num_envs), dtype=bool)

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: Info | None = None
    ) -> tuple[np.ndarray, Info]:
        """Put the cars (or those of ``reset_mask``) on new roads: observations, empty dict."""
        if seed is not None or not self.generators:
            each = range(self.num_envs)
            seeds = [seed + i for i in each] if isinstance(seed, int) else seed
            self.generators = [seeding.np_random(seeds[i] if seeds else None)[0] for i in each]
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ValueError("reset_mask: one truth value a car is needed")
        for car in np.flatnonzero(mask):
            drawn = self.generators[car].uniform(-1, 1, size=8)
            self.amplitude[car], self.phase[car] = 0.02 * drawn[:3], np.pi * drawn[3:6]
            self.offset[car], self.angle[car] = 0.5 * drawn[6], 0.1 * drawn[7]
        self.station[mask] = self.steps[mask] = 0
        self.terminated[mask] = self.truncated[mask] = False
        return self._observe(), {}

    def curvature(self, distance: Any) -> np.ndarray:
        """Curvature in 1/m at ``distance`` metres ahead of each car: (num_envs, distances)."""
        at = self.station[:, None, None] + np.asarray(distance, dtype=float)[:, None]
        waves = np.sin(2 * np.pi * at / self.WAVES + self.phase[:, None])  # (cars, distances, 3)
        return (waves * self.amplitude[:, None]).sum(axis=2)

    def _observe(self) -> np.ndarray:
        bends = self.curvature(self.AHEAD) / self.SHARPEST
        seen = np.column_stack([self.offset / self.HALF_WIDTH, self.angle, bends])
        return np.clip(seen, -1, 1).astype(np.float32)

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Info]:
        """Steer all cars for 0.1 s: observations, rewards, terminated, truncated, empty dict."""
        if not self.generators:
            raise gym.error.ResetNeeded("call reset() before the first step()")
        steering = np.asarray(actions, dtype=float).reshape(self.num_envs)
        if not np.isfinite(steering).all():
            raise ValueError("an action is not a finite number")
        going = ~(self.terminated | self.truncated)
        metres = np.where(going, self.SPEED * self.SECONDS, 0.0)
        bend = self.curvature([0.0])[:, 0]
        along = metres * np.cos(self.angle) / (1 - self.offset * bend)  # of the road's middle
        self.angle += np.clip(steering, -1, 1) * self.SHARPEST * metres - bend * along
        self.offset += metres * np.sin(self.angle)
        self.station += along
        self.steps += going
        self.terminated |= going & (np.abs(self.offset) > self.HALF_WIDTH)
        self.truncated |= going & ~self.terminated & (self.steps >= self.time_limit)
        rewards = (going & ~self.terminated).astype(float)
        return self._observe(), rewards, self.terminated.copy(), self.truncated.copy(), {}

    def view(self, car: int = 0) -> np.ndarray:
        """What a camera above ``car`` sees: (96, 96, 3) uint8, 32 × 32 m, the car pointing up."""
        distance = np.arange(-12.0, 34.0, 0.5)
        here = int(np.argmin(np.abs(distance)))
        heading = np.cumsum(self.curvature(distance)[car]) * 0.5
        heading += -self.angle[car] - heading[here]  # of the road, seen from the car
        middle = np.cumsum(0.5 * np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
        side = np.array([-np.sin(heading[here]), np.cos(heading[here])])
        middle += -middle[here] - self.offset[car] * side  # (points, forward and left)
        up, left = np.meshgrid(np.linspace(24, -8, 96), np.linspace(16, -16, 96), indexing="ij")
        apart = np.stack([up, left], axis=-1)[:, :, None] - middle  # (96, 96, points, 2)
        away = np.linalg.norm(apart, axis=-1).min(axis=-1)  # (96, 96), metres to the middle
        image = np.where((away < self.HALF_WIDTH)[..., None], 160, (90, 130, 80)).astype(np.uint8)
        image[np.abs(away - self.HALF_WIDTH) < 0.2] = 255
        image[(np.abs(up) < 2) & (np.abs(left) < 0.9)] = _BLUE
        return image

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One :meth:`view` a car; None unless ``render_mode="rgb_array"``."""
        return tuple(map(self.view, range(self.num_envs))) if self.render_mode else None


class LaneKeeping(gym.Env):
    """One car of :class:`LaneKeepingVector`: observation (6,), action (1,); ``car`` holds it."""

    metadata: ClassVar[Info] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, *, time_limit: int = 200, render_mode: str | None = None) -> None:
        self.car, self.render_mode = LaneKeepingVector(time_limit=time_limit), render_mode
        self.observation_space = self.car.single_observation_space
        self.action_space = self.car.single_action_space

    def reset(
        self, *, seed: int | None = None, options: Info | None = None
    ) -> tuple[np.ndarray, Info]:
        """Put the car on a new road: its observation and an empty dictionary."""
        super().reset(seed=seed)
        self.car.generators = [self.np_random]
        return self.car.reset()[0][0], {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, Info]:
        """Steer for 0.1 s: observation, reward, terminated, truncated, an empty dictionary."""
        seen, rewards, terminated, truncated, _ = self.car.step(action)
        return seen[0], float(rewards[0]), bool(terminated[0]), bool(truncated[0]), {}

    def render(self) -> np.ndarray | None:
        """The view from above, (96, 96, 3); None unless ``render_mode="rgb_array"``."""
        return self.car.view() if self.render_mode == "rgb_array" else None


if "course/GridWorld-v0" not in gym.registry:
    gym.register("course/GridWorld-v0", entry_point="utils.envs:GridWorld")
    gym.register(
        "course/LaneKeeping-v0",
        entry_point="utils.envs:LaneKeeping",
        vector_entry_point="utils.envs:LaneKeepingVector",
    )
