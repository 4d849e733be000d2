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

# Maps known from textbooks.
SMALL_GRID = (
    "G...",
    "....",
    "....",
    "...G",
)
# With rewards={"C": -100} it has the model of gymnasium's CliffWalking.
CLIFF = (
    "............",
    "............",
    "............",
    "SCCCCCCCCCCG",
)
# With rewards={"G": 1}, step_reward=0, slip=2 / 3 it has the model of gymnasium's FrozenLake.
FROZEN_LAKE = (
    "S...",
    ".X.X",
    "...X",
    "X..G",
)

_BLUE = (0, 114, 178)
_GREEN = (0, 158, 115)
_ORANGE = (213, 94, 0)
_YELLOW = (240, 228, 66)
_WHITE = (250, 250, 250)
_DARK = (70, 70, 70)
_LINES = (190, 190, 190)
_GRASS = (90, 130, 80)
_ASPHALT = (160, 160, 160)
_TILE = 24  # pixels of a square, each way


class GridWorld(gym.Env):
    """An agent on a map of squares, whose model is known exactly.

    Actions are 0 up, 1 right, 2 down, 3 left, as in :data:`ACTIONS`. States number the cells that
    are no walls in reading order. After the end the agent stays where it is and gets 0.

    Parameters
    ----------
    rows : sequence of str
        The map: one string a row, of equal lengths.

        - ``#`` is a wall; the edge of the map acts as one. A move against it stays where it is.
        - ``S`` is a start, of several one is drawn evenly; without any, all floor is.
        - ``C`` is a cliff: who steps there is put back to a start, and the episode goes on.
        - Any other capital letter ends the episode (``G`` goal, ``X`` pit …).
        - The rest is floor.
    rewards : mapping of str to float, optional
        The reward of a move that ends in a cell with this letter.
    step_reward : float
        The reward of every other move.
    slip : float
        Probability, 0 … 1, that the agent moves at a right angle to what it wanted, to either
        side alike.
    time_limit : int, optional
        After so many steps the episode is cut off: ``truncated`` is then true and ``terminated``
        false, for the limit is no part of the task. None: never.
    render_mode : {"rgb_array"}, optional
        What :meth:`render` needs.

    Attributes
    ----------
    P : ndarray (S, 4, S)
        Probability of the next state, for S states and 4 actions; a state that ends the episode
        keeps itself.
    R : ndarray (S, 4)
        Expected reward of an action; 0 where the episode has ended.
    terminal : ndarray (S,) of bool
        States that end the episode.
    start : ndarray (S,)
        Probability of beginning in a state.
    cells : ndarray (S, 2) of int
        Row and column of a state, counted from 0.
    letters : ndarray (S,) of str
        The map's letter of a state.
    state : int or None
        The current state; None before the first reset.

    Raises
    ------
    ValueError
        For rows of unequal lengths, a map without a cell to begin in, a ``slip`` outside 0 … 1.

    Notes
    -----
    The grids follow R. Sutton and A. Barto, *Reinforcement Learning* (2018), chapters 4 and 6.

    Examples
    --------
    >>> world = GridWorld(["S.G", ".#."])
    >>> world.reset(seed=0)
    (0, {})
    >>> right = ACTIONS.index("right")
    >>> world.step(right)  # next state, reward, terminated, truncated, an empty dictionary
    (1, -1.0, False, False, {})
    >>> world.step(right)
    (2, -1.0, True, False, {})
    >>> world.P[0, right].tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0]
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
        if isinstance(rows, str):
            rows = rows.split()
        if len({len(row) for row in rows}) != 1 or not rows[0]:
            raise ValueError("the rows of a map are strings of one length, at least 1")
        if not 0 <= slip <= 1:
            raise ValueError(f"slip={slip}: a probability lies in 0 … 1")
        self.map = np.array([list(row) for row in rows])  # (rows, columns) of letters
        self.rewards = dict(rewards or {})
        self.slip = slip
        self.time_limit = time_limit
        self.render_mode = render_mode
        self.cells = np.argwhere(self.map != "#")
        self.letters = self.map[tuple(self.cells.T)]
        self.terminal = np.array(
            [letter.isupper() and letter not in "SC" for letter in self.letters], dtype=bool
        )
        starts = self.letters == "S"
        if not starts.any():
            starts = ~self.terminal & (self.letters != "C")
        if not starts.any():
            raise ValueError("the map has no cell in which an episode can begin")
        self.start = starts / starts.sum()
        # The reward of a move that ends in a state, before a cliff puts the agent elsewhere.
        self._landing = np.array(
            [self.rewards.get(letter, step_reward) for letter in self.letters], dtype=float
        )
        self._build_model()
        self.observation_space = spaces.Discrete(len(self.cells))
        self.action_space = spaces.Discrete(len(ACTIONS))
        self.state: int | None = None
        self._steps = 0

    def _build_model(self) -> None:
        states = len(self.cells)
        numbers = np.full(np.add(self.map.shape, 2), -1)  # with a ring of walls around the map
        numbers[tuple((self.cells + 1).T)] = np.arange(states)
        reached = self.cells[:, None] + 1 + MOVES  # (S, 4, 2), places in the map with its ring
        target = numbers[reached[..., 0], reached[..., 1]]  # (S, 4), -1 for a wall
        stay = np.arange(states)[:, None]
        self._target = np.where(target < 0, stay, target)
        # Where the agent is in the end if a move leads to a state: (S, S) probabilities.
        is_cliff = self.letters == "C"
        arrival = np.where(is_cliff[:, None], self.start, np.eye(states))
        self.P = np.zeros((states, len(ACTIONS), states))
        self.R = np.zeros((states, len(ACTIONS)))
        for turn, chance in ((0, 1 - self.slip), (1, self.slip / 2), (-1, self.slip / 2)):
            target = np.roll(self._target, -turn, axis=1)  # where the move goes after the slip
            self.P += chance * arrival[target]
            self.R += chance * self._landing[target]
        self.P[self.terminal] = np.eye(states)[self.terminal][:, None]
        self.R[self.terminal] = 0.0

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[int, Info]:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            For the draws of starts and slips from now on.
        options : dict, optional
            ``{"state": s}`` begins in state ``s`` instead of a drawn start.

        Returns
        -------
        state : int
        info : dict
            Empty.

        Raises
        ------
        ValueError
            If there is no such state.
        """
        super().reset(seed=seed)
        given = (options or {}).get("state")
        if given is None:
            self.state = self._draw_start()
        else:
            self.state = int(given)
        if not self.observation_space.contains(self.state):
            raise ValueError(f"there is no state {self.state}")
        self._steps = 0
        return self.state, {}

    def _draw_start(self) -> int:
        return int(self.np_random.choice(len(self.start), p=self.start))

    def step(self, action: int) -> tuple[int, float, bool, bool, Info]:
        """Make one move: next state, reward, terminated, truncated, an empty dictionary.

        Raises ``ValueError`` for an action other than 0, 1, 2, 3, and gymnasium's ``ResetNeeded``
        before the first :meth:`reset`.
        """
        if self.state is None:
            raise gym.error.ResetNeeded("call reset() before the first step()")
        if not self.action_space.contains(action):
            raise ValueError(f"action {action!r}: one of 0, 1, 2, 3 is needed")
        self._steps += 1
        if self.terminal[self.state]:
            reward = 0.0
        else:
            turn = self._draw_turn()
            self.state = int(self._target[self.state, (action + turn) % len(ACTIONS)])
            reward = float(self._landing[self.state])
            if self.letters[self.state] == "C":
                self.state = self._draw_start()
        terminated = bool(self.terminal[self.state])
        truncated = not terminated and self._steps >= (self.time_limit or np.inf)
        return self.state, reward, terminated, truncated, {}

    def _draw_turn(self) -> int:
        """0 for a move as it was wanted, 1 or -1 for a slip to one side or the other."""
        luck = self.np_random.random()
        if luck < 1 - self.slip:
            return 0
        if luck < 1 - self.slip / 2:
            return 1
        return -1

    def state_at(self, row: int, column: int) -> int:
        """The number of the state at a cell of the map, counted from 0.

        Raises ``ValueError`` for a wall or a place outside of the map.

        Examples
        --------
        >>> GridWorld(["S.G", ".#."]).state_at(row=1, column=2)
        4
        """
        found = np.flatnonzero((self.cells == (row, column)).all(axis=1))
        if not len(found):
            raise ValueError(f"there is no state at row {row}, column {column}")
        return int(found[0])

    def picture(self, values: Any) -> np.ndarray:
        """``values`` (S,), one a state, laid out as the map: (rows, columns), NaN in walls.

        Examples
        --------
        >>> world = GridWorld(["S.G", ".#."])
        >>> world.picture([-2, -1, 0, -3, -1])
        array([[-2., -1.,  0.],
               [-3., nan, -1.]])
        """
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
        centre = (_TILE - 1) / 2
        down, across = np.indices((_TILE, _TILE))
        inside = (np.minimum(down, across) >= 1) & (np.maximum(down, across) < _TILE - 1)
        middle = np.maximum(np.abs(down - centre), np.abs(across - centre)) < 7
        rows, columns = self.map.shape
        image = np.empty((rows, columns, _TILE, _TILE, 3), dtype=np.uint8)
        image[:] = _LINES
        for place, letter in np.ndenumerate(self.map):
            tile = image[place]
            tile[inside] = _DARK if letter == "#" else _WHITE
            if letter == "G" or (letter.isupper() and self.rewards.get(letter, 0) > 0):
                tile[inside & ~middle] = _GREEN
            elif letter.isupper() and letter != "S":
                tile[inside & ((down + across) % 8 < 4)] = _ORANGE
            elif letter in self.rewards:
                tile[inside] = _YELLOW
        if self.state is not None:
            tile = image[tuple(self.cells[self.state])]
            tile[(down - centre) ** 2 + (across - centre) ** 2 < 50] = _BLUE
        return image.swapaxes(1, 2).reshape(rows * _TILE, columns * _TILE, 3)


class LaneKeepingVector(VectorEnv):
    """``num_envs`` cars, each on a winding road of its own; gymnasium's vector interface.

    A car drives at 10 m/s and steers ten times a second. It is a point that follows its heading:
    no tyres, no delay. It knows nothing of lanes: the reward is 1 for every step after which it
    is still on the road, else 0. ``terminated``: its middle is more than 2 m away from the middle
    of the road. ``truncated``: it is on the road after ``time_limit`` steps.

    Action, (num_envs, 1) in -1 … 1 (cut off beyond): curvature of the path in units of 0.1 per
    metre; 1 is a left turn of 10 m radius. Observation, (num_envs, 6) float32, each in -1 … 1:

    - 0: distance to the middle of the road in units of 2 m, positive to the left of it
    - 1: angle between car and road in radians, positive when the car points to the left
    - 2 to 5: curvature of the road here and 5, 10 and 20 m ahead, in units of 0.1 per metre

    Finished cars stand still with reward 0 and keep their flags, so whole episodes need no
    bookkeeping: step until all are done (gymnasium's ``AutoresetMode.DISABLED``).

    Parameters
    ----------
    num_envs : int
        How many cars, at least 1.
    time_limit : int
        Steps of an episode, at least 1; 200 steps are 20 s or 200 m.
    render_mode : {"rgb_array"}, optional
        What :meth:`render` needs.

    Attributes
    ----------
    station : ndarray (num_envs,)
        Metres along the road.
    offset : ndarray (num_envs,)
        Metres to the middle of the road, positive to the left.
    angle : ndarray (num_envs,)
        Radians between car and road, positive to the left.
    steps : ndarray (num_envs,) of int
        Steps since the car was put on its road.
    terminated : ndarray (num_envs,) of bool
        Whether the episode of a car has ended off the road.
    truncated : ndarray (num_envs,) of bool
        Whether it has ended at the time limit.

    Notes
    -----
    The curvature of the road is a sum of three sine waves (wave lengths 40, 70 and 130 m) with
    amplitudes up to 0.02 per metre, drawn at reset like the phases, the first offset (±0.5 m) and
    the first angle (±0.1 rad). Our own construction.

    Examples
    --------
    Four cars steer back to the middle, by distance and angle alone, for a whole episode:

    >>> cars = LaneKeepingVector(4)
    >>> seen, _ = cars.reset(seed=0)
    >>> seen.shape
    (4, 6)
    >>> total = 0
    >>> while not (cars.terminated | cars.truncated).all():
    ...     steering = -2 * seen[:, :1] - 4 * seen[:, 1:2]
    ...     seen, rewards, *_ = cars.step(steering)
    ...     total += rewards
    >>> total.tolist()
    [200.0, 200.0, 200.0, 200.0]
    """

    metadata: ClassVar[Info] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.DISABLED,
    }
    SPEED = 10.0  # metres a second
    SECONDS = 0.1  # of a step
    HALF_WIDTH = 2.0  # metres from the middle of the road to its edge
    SHARPEST = 0.1  # curvature of the sharpest turn, per metre
    AHEAD = np.array([0.0, 5.0, 10.0, 20.0])  # metres at which the curvature is seen
    WAVES = np.array([40.0, 70.0, 130.0])  # metres

    def __init__(
        self, num_envs: int = 1, *, time_limit: int = 200, render_mode: str | None = None
    ) -> None:
        if num_envs < 1 or time_limit < 1:
            raise ValueError("at least one car and one step are needed")
        self.num_envs = num_envs
        self.time_limit = time_limit
        self.render_mode = render_mode
        self.single_observation_space = spaces.Box(-1.0, 1.0, (2 + len(self.AHEAD),), np.float32)
        self.single_action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.generators: list[np.random.Generator] = []
        self.amplitude = np.zeros((num_envs, len(self.WAVES)))
        self.phase = np.zeros((num_envs, len(self.WAVES)))
        self.station = np.zeros(num_envs)
        self.offset = np.zeros(num_envs)
        self.angle = np.zeros(num_envs)
        self.steps = np.zeros(num_envs, dtype=int)
        self.terminated = np.zeros(num_envs, dtype=bool)
        self.truncated = np.zeros(num_envs, dtype=bool)

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: Info | None = None
    ) -> tuple[np.ndarray, Info]:
        """Put the cars on new roads.

        Parameters
        ----------
        seed : int or sequence of int, optional
            A number ``s`` gives car i the seed ``s + i``; it then does what :class:`LaneKeeping`
            does with that seed.
        options : dict, optional
            ``{"reset_mask": done}``, ``done`` (num_envs,) bool, puts only some on new roads.

        Returns
        -------
        observations : ndarray (num_envs, 6)
        info : dict
            Empty.

        Raises
        ------
        ValueError
            If the mask is not one truth value a car.
        """
        if seed is not None or not self.generators:
            self.generators = self._new_generators(seed)
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ValueError("reset_mask: one truth value a car is needed")
        for car in np.flatnonzero(mask):
            drawn = self.generators[car].uniform(-1, 1, size=8)
            self.amplitude[car] = 0.02 * drawn[:3]
            self.phase[car] = np.pi * drawn[3:6]
            self.offset[car] = 0.5 * drawn[6]
            self.angle[car] = 0.1 * drawn[7]
        self.station[mask] = 0
        self.steps[mask] = 0
        self.terminated[mask] = False
        self.truncated[mask] = False
        return self._observe(), {}

    def _new_generators(self, seed: int | Sequence[int] | None) -> list[np.random.Generator]:
        """One generator a car, so that no car's luck depends on the others."""
        if isinstance(seed, int):
            seeds = [seed + car for car in range(self.num_envs)]
        else:
            seeds = seed or [None] * self.num_envs
        return [seeding.np_random(seeds[car])[0] for car in range(self.num_envs)]

    def curvature(self, distance: Any) -> np.ndarray:
        """Curvature of the road, per metre, at each ``distance`` ahead: (num_envs, distances).

        ``distance`` is a sequence of metres, the same for all cars.
        """
        at = self.station[:, None, None] + np.asarray(distance, dtype=float)[:, None]
        waves = np.sin(2 * np.pi * at / self.WAVES + self.phase[:, None])  # (cars, distances, 3)
        return (waves * self.amplitude[:, None]).sum(axis=2)

    def _observe(self) -> np.ndarray:
        bends = self.curvature(self.AHEAD) / self.SHARPEST
        seen = np.column_stack([self.offset / self.HALF_WIDTH, self.angle, bends])
        return np.clip(seen, -1, 1).astype(np.float32)

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Info]:
        """Steer all cars for 0.1 s: observations, rewards, terminated, truncated, empty dict.

        ``actions`` hold one number a car, in any shape. Raises ``ValueError`` for one that is not
        finite, and gymnasium's ``ResetNeeded`` before the first :meth:`reset`.
        """
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
        # Points in the middle of the road, half a metre apart, in the car's own axes.
        spacing = 0.5
        distance = np.arange(-12.0, 34.0, spacing)
        here = int(np.argmin(np.abs(distance)))
        heading = np.cumsum(self.curvature(distance)[car]) * spacing
        heading += -self.angle[car] - heading[here]  # of the road, seen from the car
        steps = spacing * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        middle = np.cumsum(steps, axis=0)
        side = np.array([-np.sin(heading[here]), np.cos(heading[here])])
        middle += -middle[here] - self.offset[car] * side  # (points, forward and left)
        # How far every pixel is away from the nearest of them.
        up, left = np.meshgrid(np.linspace(24, -8, 96), np.linspace(16, -16, 96), indexing="ij")
        apart = np.stack([up, left], axis=-1)[:, :, None] - middle  # (96, 96, points, 2)
        away = np.linalg.norm(apart, axis=-1).min(axis=-1)  # (96, 96), metres
        image = np.empty((96, 96, 3), dtype=np.uint8)
        image[:] = _GRASS
        image[away < self.HALF_WIDTH] = _ASPHALT
        image[np.abs(away - self.HALF_WIDTH) < 0.2] = 255  # the edge lines
        image[(np.abs(up) < 2) & (np.abs(left) < 0.9)] = _BLUE  # the car
        return image

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One :meth:`view` a car; None unless ``render_mode="rgb_array"``."""
        if self.render_mode is None:
            return None
        return tuple(self.view(car) for car in range(self.num_envs))


class LaneKeeping(gym.Env):
    """One car of :class:`LaneKeepingVector`, with gymnasium's interface for one environment.

    Observations are (6,), actions (1,).

    Parameters
    ----------
    time_limit : int
        Steps of an episode, at least 1.
    render_mode : {"rgb_array"}, optional
        What :meth:`render` needs.

    Attributes
    ----------
    car : LaneKeepingVector
        Holds the state, as arrays of one.

    Examples
    --------
    >>> road = gym.make("course/LaneKeeping-v0")
    >>> seen, _ = road.reset(seed=0)
    >>> seen.shape
    (6,)
    """

    metadata: ClassVar[Info] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, *, time_limit: int = 200, render_mode: str | None = None) -> None:
        self.car = LaneKeepingVector(time_limit=time_limit)
        self.render_mode = render_mode
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
