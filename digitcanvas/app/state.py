"""What a session remembers, in two tables: the elements on its pages, and everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import streamlit as st

from digitcanvas.app.tray import Tray
from digitcanvas.reading.numbers import Number
from digitcanvas.runs.recipes import Recipe


class Key(StrEnum):
    """The keys of the widgets and containers, by page and from top to bottom.

    `st.session_state[key]` is a widget's value, and the class `st-key-<key>` finds an element in a
    browser. A comment gives the type of a value that code besides the widget uses, who sets it
    (the person always does), and who reads it.
    """

    # link.py keeps the values of MODEL, COMPARE, PEN_WIDTH, WIDE, CENTRED, LOGITS, the form, except
    # NAME, and the room's code in the page's address, and sets these in a new session to what it
    # says.
    LINK = "link"
    LINK_SWITCH = "link_switch"
    LINK_FORM = "link_form"
    LINK_DRAW = "link_draw"

    # Sidebar: network
    MODEL = "model"  # str | None, the network that reads; set by network_switch; read by all pages
    COMPARE = "compare"  # str | None, the second network; set and read by network_switch
    MANAGE = "manage"
    DOWNLOAD_KERAS = "download.keras"
    DOWNLOAD_TFLITE = "download.tflite"
    NEW_NAME = "new_name"  # str; set and read by network_switch
    RENAME = "rename"
    REMOVE = "remove"
    CONFIRM_REMOVAL = "confirm_removal"

    # Sidebar: hand
    HAND = "hand"  # int, a hand's id, or 0; set and read by sidebar/hand
    HANDS = "hands"
    HAND_NAME = "hand_name"  # str; set and read by sidebar/hand
    RENAME_HAND = "rename_hand"
    SHELF_IN_MENU = "shelf_in_menu"
    EXPORT_HAND = "export_hand"
    REMOVE_HAND = "remove_hand"
    NEW_HAND = "new_hand"
    KEEP = "keep"  # also on Your hand
    KEEPING = "keeping"  # likewise
    IMPORT_HAND = "import_hand"  # likewise
    DELETE_DRAWINGS = "delete_drawings"
    CONFIRM_HANDS = "confirm_hands"
    SPARE_HANDS = "spare_hands"

    # Sidebar: form. form_recipe sets and reads all values.
    RECIPE = "recipe"  # str, a name in RECIPES
    DATA = "data"  # str, one of form_recipe.data_choices
    SETTINGS = "settings"
    NAME = "name"  # str
    RETRAIN = "retrain"
    # Each of these is named as the field of Recipe that it sets. Numbers and widths are texts.
    EPOCHS = "epochs"
    FILTERS = "filters"  # str, as in "32, 64"
    HIDDEN = "hidden"  # str, as in "128, 64"
    DROPOUT = "dropout"
    OPTIMIZER = "optimizer"
    LOSS = "loss"
    LEARNING_RATE = "learning_rate"  # str; also set by run_panel
    SCHEDULE = "schedule"
    BATCH_SIZE = "batch_size"
    AUGMENT = "augment"
    NORMALISE = "normalise"
    VALIDATION_SHARE = "validation_share"
    SEED = "seed"

    # Sidebar: who leads
    LEAD_SERVER = "lead_server"
    LEADER_CODE = "leader_code"  # str; set and read by sidebar/lead
    BEGIN_TO_LEAD = "begin_to_lead"
    STOP_LEADING = "stop_leading"
    LEADING = "leading"

    # Draw, for those in a room
    ROOM = "room"  # the code, in Session.chosen
    ROOM_LINE = "room_line"
    NAMING = "naming"
    NAME_ON_WALL = "name_on_wall"  # str; set and read by parts/room
    LEAVE = "leave"  # on Wall too

    # Draw
    INPUT = "input"
    BOARD = "board"
    SHEET = "sheet"
    CANVAS = "canvas"
    WIDE = "wide"  # bool; set and read by draw, and set by companion
    PEN_WIDTH = "pen_width"  # int, canvas pixels; read by draw
    UNDO = "undo"
    REDO = "redo"
    CLEAR = "clear"
    SHARE = "share"
    SAMPLES = "samples"
    TOOLS = "tools"
    TOUR = "tour"
    COMPANION = "companion"  # {"drawing": a message as of the live socket}; read by companion
    FRAME = "frame"
    SHOT = "shot"  # a photo; read by parts/picture_source
    WAYS = "ways"
    PICTURE = "picture"
    CAMERA = "camera"
    SAMPLE_PICTURES = "sample_pictures"
    PICTURES = "pictures"  # {"asked": what to do with them}; read by parts/picture_source
    OPTIONS = "options"
    TOLD = "told"  # its buttons: told_0 to told_9, and these
    TOLD_RIGHT = "told_right"
    TOLD_NONE = "told_none"
    CENTRED = "centred"
    READING = "reading"
    ANSWER = "answer"
    PREDICTION = "prediction"
    COMPARISON = "comparison"
    MODEL_VIEW = "model_view"
    DIGITS = "digits"
    TRAIL = "trail"
    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    LOGIT_TABLE = "logit_table"

    # Your hand, which has a canvas too
    TEACHING = "teaching"
    ASKED_FOR = "asked_for"
    ASKING = "asking"
    TAUGHT = "taught"
    SHELF = "shelf"

    # Where the digits come from, on Data and Evaluate
    FETCH_MNIST = "fetch_mnist"

    # Data
    SETS = "sets"
    BROWSE = "browse"
    CLASSES = "classes"
    PART = "part"
    ONLY = "only"
    SHOWN = "shown"
    RESHUFFLE = "reshuffle"  # on Evaluate too
    IMAGES = "images"
    INDEX = "index"  # int, the image looked at; set and read by gallery
    ONE_IMAGE = "one_image"
    RANDOM = "random"
    PIXELS = "pixels"
    VALUES = "values"

    # Train
    FIND_RATE = "find_rate"
    LEARNT = "learnt"  # list[str], the networks whose curves are shown; set by Train
    HISTORIES = "histories"
    DIAGRAM = "diagram"

    # Tune
    VARY = "vary"  # and behind it, how many settings there are to choose from
    TRIALS = "trials"
    START_STUDY = "start_study"
    STUDIES = "studies"  # str, a study's id; set and read by Tune
    STUDY = "study"
    STOP_STUDY = "stop_study"
    TAKE_BEST = "take_best"
    STUDY_BEST = "study_best"
    STUDY_HISTORY = "study_history"
    STUDY_LINES = "study_lines"
    STUDY_IMPORTANCES = "study_importances"

    # Evaluate
    MEASURED_ON = "measured_on"
    EXPLORE = "explore"
    ANSWERS = "answers"
    TEST_READING = "test_reading"
    FIGURES = "figures"
    BY_DIGIT = "by_digit"
    BY_PERSON = "by_person"
    CELLS = "cells"
    CONFUSION = "confusion"
    OUTCOME = "outcome"
    ORDER_BY = "order_by"
    COUNT = "count"
    TRUE_DIGIT = "true_digit"  # int | None; set by a press on the confusion matrix
    READ_DIGIT = "read_digit"  # int | None; likewise
    GALLERY = "gallery"
    TEST_INDEX = "test_index"  # int, the image looked at; set and read by gallery
    TEST_IMAGE = "test_image"
    TEST_PROBABILITIES = "test_probabilities"

    # Wall
    OPEN_ROOM = "open_room"
    OWN_ROOM = "own_room"
    CODE = "code"  # str; set and read by Wall
    JOIN = "join"
    ROOM_PAGE = "room_page"
    WALL = "wall"  # {"hide": a drawing's id}; read by parts/wall
    QR = "qr"
    PLAY = "play"
    SHOW_AGAIN = "show_again"
    LEAD = "lead"
    EMPTY_ROOM = "empty_room"
    END_ROOM = "end_room"
    ROOM_CONFUSION = "room_confusion"

    # Run panel, on every page
    TRAINING = "training"
    PROGRESS = "progress"
    CANCEL = "cancel"
    PUBLISH_AGAIN = "publish_again"
    CLOSE = "close"
    TAKE_RATE = "take_rate"
    TAKE_SAMPLE = "take_sample"
    CURVES = "curves"
    QUEUE = "queue"  # {"asked": a run to cancel or to put first}; read by parts/queue

    # Followers of news (follower.py), in what they rerun
    NEWS_SWITCH = "news_switch"
    NEWS_FORM = "news_form"
    NEWS_START = "news_start"
    NEWS_PANEL = "news_panel"
    NEWS_CURVES = "news_curves"
    NEWS_MNIST = "news_mnist"
    NEWS_BEGIN = "news_begin"
    NEWS_STUDY = "news_study"


@dataclass
class Session:
    """What a session remembers besides the values of its widgets."""

    visitor: str | None = None
    """The browser's token, or the session's where it refuses cookies. visitor."""
    reading: list[str] = field(default_factory=list)
    """The names of the networks that read in the last run of the page. network_switch."""
    read_with: list[tuple[str, int | None]] | None = None
    """These networks and their versions; None until the switch has run. network_switch."""
    moving_to: str | None = None
    """The network that the session trained, until the page reads with it. network_switch."""
    hands_error: str = ""
    """Why the last change to this browser's hands failed. sidebar/hand."""
    asked_about_hands: str = ""
    """What it is asked about before that is done: REMOVE, DELETE, or nothing. sidebar/hand."""
    chose_to_keep: int = 0
    """When the session chose whether what it tells is kept, in microseconds. parts/keeping."""
    chose_to_lead: int = 0
    """When the session began to lead or stopped, in microseconds. sidebar/lead."""
    lead_error: str = ""
    """Why it could not begin to. sidebar/lead."""
    number: Number | None = None
    """What was read last by a rerun, which holds the next answer steady. companion."""
    last_told: tuple[object, dict[str, Any]] | None = None
    """The last message by a rerun that told something, and its reply. companion."""
    rename_error: tuple[str, str] | None = None
    """A network that was not renamed, and why. network_switch."""
    removing: str | None = None
    """The network that the session is asked about before it is removed. network_switch."""
    watching: bool = False
    """Whether this page shows something of the form's recipe. Set by main and form_recipe."""
    watched: Recipe | None = None
    """The recipe that such a page shows; None if the form is out of range. form_recipe."""
    tray: Tray = field(default_factory=Tray)
    """The pictures that the session brought. parts/picture_source."""
    taken: set[str] = field(default_factory=set)
    """The ids of the uploaded files that were put there. parts/picture_source."""
    left_out: str = ""
    """Why some of the last pictures were not taken. parts/picture_source."""
    uses_camera: bool = False
    """Whether the camera is open. parts/picture_source."""
    photos: int = 0
    """How many photos it took. parts/picture_source."""
    chosen: dict[Key, Any] = field(default_factory=dict)
    """The pen's width and how to read, as last chosen: a browser may lose the value of a widget
    when two runs follow each other closely, and then gets this one. And the room's code. Set by
    link, Draw, parts/room and Wall."""
    wall_error: str = ""
    """Why what was done last in a room has failed. parts/room and Wall."""
    hidden: list[int] = field(default_factory=list)
    """The drawings that the session hid from a wall, the last one last. Wall."""
    linked: bool = False
    """Whether the page's link has been followed. link."""
    switch_is_list: bool | None = None
    """Whether the switch was last shown as a list; None before it is shown. network_switch."""
    started: bool = False
    """Whether the form has just started a run, so that its name is used up. start."""
    closed: set[str] = field(default_factory=set)
    """The ids of the runs that are not shown any more. run_panel."""
    run_error: str = ""
    """Why what was asked of a run has failed. run_panel."""
    has_seen_run: bool = False
    """Whether the panel has looked for a run, so that a cancelled one is news. run_panel."""
    trained_here: str | None = None
    """The id of the training that this browser's tab started last. run_panel and link."""
    taken_rate: float | None = None
    """A learning rate just taken into the form, to be confirmed on the page. run_panel."""
    start_errors: dict[str, str] = field(default_factory=dict)
    """Why a run could not be started again on the sample, by its id. run_panel."""
    tune_error: str = ""
    """Why a study was not stopped. Tune."""
    took_best: bool = False
    """Whether a trial's settings were just taken into the form, to be confirmed. Tune."""
    learnt_with: str | None = None
    """The chosen network that last joined the curves. Train."""
    shuffles: dict[Key, int] = field(default_factory=dict)
    """How often each gallery, by the key of its images, was reshuffled. gallery."""


SESSION = "session"


def session() -> Session:
    """The one of the session that runs this."""
    return st.session_state.setdefault(SESSION, Session())
