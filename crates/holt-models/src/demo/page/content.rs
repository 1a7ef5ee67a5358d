//! What a page says. A few topics are known; for the rest there is an honest frame.

use crate::demo::words::{capitalised, fingerprint, slug};

/// The words of a page.
pub struct Content {
    pub title: String,
    pub tagline: String,
    /// Three things in large type, each with what it means.
    pub highlights: [(String, String); 3],
    pub sections: Vec<(String, Vec<String>)>,
    pub hue: u16,
    pub emblem: Emblem,
    /// Whether its words are about the topic, or a frame for any.
    pub is_known: bool,
}

/// The drawing at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emblem {
    Otter,
    Bee,
    Cup,
    Moon,
    /// Rings, arranged by this number.
    Rings(u64),
}

struct Topic {
    /// Words that name it.
    names: &'static [&'static str],
    tagline: &'static str,
    highlights: [(&'static str, &'static str); 3],
    sections: &'static [(&'static str, &'static str)],
    /// Further sections, for those who ask.
    more: &'static [(&'static str, &'static str)],
    hue: u16,
    emblem: Emblem,
}

const TOPICS: &[Topic] = &[
    Topic {
        names: &["otter", "otters", "sea otters", "river otters"],
        tagline: "Quick in the water, playful on the bank, and never far from home.",
        highlights: [
            ("13", "or so species, from the Amazon to the coasts of Alaska"),
            ("1,000,000", "hairs on a square inch of a sea otter: the densest fur there is"),
            ("25 %", "of its own weight is what a sea otter eats in a day"),
        ],
        sections: &[
            (
                "Made for water",
                "Webbed feet, a strong tail and a body like a torpedo: an otter swims as others walk. Sea otters have no fat to \
                 keep them warm. Their fur traps a layer of air instead, and they spend hours every day keeping it clean.",
            ),
            (
                "Clever paws",
                "Sea otters are among the few mammals that use tools. They carry a stone in a fold of skin under the arm, and \
                 crack shells on it while floating on their backs.",
            ),
            (
                "Better together",
                "Resting sea otters float in groups called rafts, and wrap themselves in kelp so that they do not drift apart. \
                 River otters chase, wrestle and slide down muddy banks, young and old alike.",
            ),
            (
                "A place called holt",
                "An otter's den is a holt: a hollow under the roots of a tree, close to the water, often with a door that only \
                 swimmers find.",
            ),
        ],
        more: &[
            (
                "food",
                "River otters live mostly on fish, with crayfish, frogs and crabs when they come by. Sea otters dive for \
                 urchins, clams and mussels. By eating urchins they keep kelp forests standing, which shelter everyone else.",
            ),
            (
                "babies",
                "Otter young are called pups. They are born with eyes closed and have to be taught to swim. A sea otter carries \
                 her pup on her belly, and its fur is so buoyant that it cannot dive even if it wants to.",
            ),
            (
                "conservation",
                "Hunted for their fur, sea otters were nearly gone a hundred years ago. Protection brought many back, but clean \
                 water, quiet banks and healthy coasts are still what every otter needs most.",
            ),
            (
                "sleep",
                "Sea otters sleep on their backs at the surface, paws in the air, anchored by a strand of kelp. River otters \
                 curl up in the holt.",
            ),
        ],
        hue: 205,
        emblem: Emblem::Otter,
    },
    Topic {
        names: &["bee", "bees", "honeybees", "honey bees"],
        tagline: "Small wings, long journeys, and a third of our dinner.",
        highlights: [
            ("20,000", "species of bees are known; most of them live alone"),
            ("100", "flowers may be visited on a single trip"),
            ("1/12", "of a teaspoon of honey is one honey bee's life's work"),
        ],
        sections: &[
            (
                "The dance",
                "A honey bee that has found flowers dances in the dark of the hive. The angle of her run tells the direction \
                 from the sun, and its length tells how far to fly.",
            ),
            (
                "The hive",
                "Tens of thousands live together: one queen, some drones, and workers who are all sisters. They build with wax, \
                 in hexagons, which hold the most honey for the least wax.",
            ),
            (
                "The work",
                "Bees carry pollen from flower to flower, and so apples, almonds, pumpkins and many others can bear fruit.",
            ),
        ],
        more: &[
            (
                "food",
                "Nectar gives bees energy and pollen gives them protein. What is left over becomes honey, the store for winter.",
            ),
            (
                "helping bees",
                "Plant what flowers from spring to autumn, leave some bare ground and dry stems, and spare the poison.",
            ),
        ],
        hue: 85,
        emblem: Emblem::Bee,
    },
    Topic {
        names: &["coffee", "espresso"],
        tagline: "A seed, a fire, hot water, and a little patience.",
        highlights: [
            ("2", "species make nearly all the coffee we drink: arabica and robusta"),
            ("200 °C", "or so is where roasting turns green seeds brown"),
            ("4 min", "is what a cafetière asks of you"),
        ],
        sections: &[
            (
                "From a cherry",
                "Coffee beans are the seeds of a red fruit. It grows on shrubs in the warm belt around the Earth, and the best \
                 of it likes to grow high and slowly.",
            ),
            (
                "Roasting",
                "Raw beans taste of grass. In the heat sugars and acids change into hundreds of aromas, until the beans crack \
                 twice: once for light roasts, again for dark ones.",
            ),
            (
                "Brewing",
                "Finer grounds and hotter water take more out of the bean; coarser and cooler take less. Too much is bitter, too \
                 little is sour, and in between is breakfast.",
            ),
        ],
        more: &[(
            "food",
            "Bread with butter, dark chocolate, an almond biscuit: coffee is good company for what is sweet or toasted.",
        )],
        hue: 55,
        emblem: Emblem::Cup,
    },
    Topic {
        names: &["moon", "the moon", "our moon"],
        tagline: "The nearest world, always turning the same face to us.",
        highlights: [
            ("384,400 km", "away on average: about thirty Earths in a row"),
            ("27.3 days", "for one way around the Earth"),
            ("12", "people have walked on it so far"),
        ],
        sections: &[
            (
                "One face",
                "The Moon turns once in the time it takes to go around us, so we always see the same side. The far side was \
                 first seen by a camera, in 1959.",
            ),
            (
                "Tides",
                "Its pull raises the seas a little on the side towards it and on the side away. The Earth turns beneath, and the \
                 water comes and goes twice a day.",
            ),
            (
                "Dust and footprints",
                "There is no wind to blow them away. What was stepped into the dust in 1969 is there tonight.",
            ),
        ],
        more: &[("food", "The first meal that people ate on the Moon included bacon squares and peaches, in pouches.")],
        hue: 265,
        emblem: Emblem::Moon,
    },
];

impl Content {
    pub fn about(topic: &str) -> Self {
        match known(topic) {
            Some(known) => Self::of_known(topic, known),
            None => Self::frame(topic),
        }
    }

    fn of_known(topic: &str, known: &Topic) -> Self {
        let owned = |(heading, text): &(&str, &str)| ((*heading).to_owned(), vec![(*text).to_owned()]);
        Self {
            title: capitalised(topic),
            tagline: known.tagline.to_owned(),
            highlights: known.highlights.map(|(large, small)| (large.to_owned(), small.to_owned())),
            sections: known.sections.iter().map(owned).collect(),
            hue: known.hue,
            emblem: known.emblem,
            is_known: true,
        }
    }

    /// For a topic that nobody wrote about: no facts, but questions and room for answers.
    fn frame(topic: &str) -> Self {
        let number = fingerprint(topic);
        let highlight = |large: &str, small: String| (large.to_owned(), small);
        let section = |heading: String, text: String| (heading, vec![text]);
        Self {
            title: capitalised(topic),
            tagline: format!("Everything worth knowing about {topic} begins with a good question."),
            highlights: [
                highlight("What?", format!("do people remember first about {topic}")),
                highlight("Why?", format!("do people care about {topic}, and since when")),
                highlight("How?", format!("does one begin with {topic} today")),
            ],
            sections: vec![
                section(
                    "A first look".to_owned(),
                    format!(
                        "This is the place for the one picture, story or number that makes someone want to know more about {topic}."
                    ),
                ),
                section(
                    "A closer look".to_owned(),
                    format!("Here go the parts that make up {topic}, what each is good for, and how they belong together."),
                ),
                section(
                    "Where to go from here".to_owned(),
                    "A book, a place to visit, somebody to ask: three good next steps are better than thirty.".to_owned(),
                ),
            ],
            hue: u16::try_from(number % 360).unwrap_or(0),
            emblem: Emblem::Rings(number),
            is_known: false,
        }
    }

    /// The words of a further section about `topic`, on a page whose title is `page`.
    pub fn section(page: &str, topic: &str) -> Vec<String> {
        let wanted = topic.to_lowercase();
        let found = known(page).and_then(|known| {
            let sections = known.more.iter().chain(known.sections);
            sections.into_iter().find(|(heading, _)| wanted.contains(&heading.to_lowercase())).map(|(_, text)| (*text).to_owned())
        });
        found.map_or_else(
            || {
                let text = format!("This section is about {topic}. The demo that made it knows nothing about {topic}, so its words are yours to write.");
                let hint = "Three sentences are a good start: what it is, why it matters here, and one thing that surprises.".to_owned();
                vec![text, hint]
            },
            |text| vec![text],
        )
    }
}

fn known(topic: &str) -> Option<&'static Topic> {
    let topic = slug(topic);
    TOPICS.iter().find(|known| known.names.iter().any(|name| slug(name) == topic))
}
