//! Which step follows which.

use crate::diagnostic::{Problem, Problems, Span, did_you_mean};

/// A step as the graph sees it: its name, and the names that it needs with their places.
pub(super) struct Vertex<'d> {
    pub(super) id: &'d str,
    pub(super) needs: Vec<(&'d str, Span)>,
}

/// For each step the steps that it needs, by their index in the file. Names that are no
/// steps, the step itself, doubles and cycles become problems.
pub(super) fn connect(vertices: &[Vertex], problems: &mut Problems) -> Vec<Vec<usize>> {
    let ids = || vertices.iter().map(|vertex| vertex.id);
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(vertices.len());
    for (own, vertex) in vertices.iter().enumerate() {
        let mut needs = Vec::new();
        for (name, span) in &vertex.needs {
            let problem = match ids().position(|id| id == *name) {
                None => Problem::error(format!(
                    "step `{}` needs `{name}`, which is not in this pipeline",
                    vertex.id
                ))
                .label(did_you_mean(name, ids())),
                Some(index) if index == own => {
                    Problem::error(format!("step `{name}` needs itself"))
                }
                Some(index) if needs.contains(&index) => {
                    Problem::error(format!("step `{}` names `{name}` twice", vertex.id))
                }
                Some(index) => {
                    needs.push(index);
                    continue;
                }
            };
            problems.push(problem.at(*span));
        }
        edges.push(needs);
    }
    if let Some(cycle) = cycle(&edges) {
        let names: Vec<_> = cycle
            .iter()
            .chain(cycle.first())
            .map(|index| format!("`{}`", vertices[*index].id))
            .collect();
        let first = &vertices[cycle[0]];
        let needed = vertices[cycle[1 % cycle.len()]].id;
        let place = first.needs.iter().find(|(name, _)| *name == needed);
        let problem = Problem::error(format!(
            "steps need each other in a circle: {}",
            names.join(" needs ")
        ))
        .help("take one of them out of the other's `needs`");
        problems.push(match place {
            Some((_, span)) => problem.at(*span),
            None => problem,
        });
    }
    edges
}

/// The first cycle, beginning with its first step in the file.
fn cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut done = vec![false; edges.len()];
    for start in 0..edges.len() {
        // The way from `start`, each step with the number of its needs that were followed.
        let mut way = vec![(start, 0)];
        while let Some((step, followed)) = way.last_mut() {
            let Some(next) = edges[*step].get(*followed).copied() else {
                done[*step] = true;
                way.pop();
                continue;
            };
            *followed += 1;
            if let Some(at) = way.iter().position(|(step, _)| *step == next) {
                let mut found: Vec<usize> = way[at..].iter().map(|(step, _)| *step).collect();
                let first = found
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, step)| **step)
                    .map_or(0, |(at, _)| at);
                found.rotate_left(first);
                return Some(found);
            }
            if !done[next] {
                way.push((next, 0));
            }
        }
    }
    None
}

/// For each step all steps that it follows, directly or through others, in the file's order.
pub(super) fn ancestors(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    (0..edges.len())
        .map(|step| {
            let mut reached = vec![false; edges.len()];
            let mut open = edges[step].clone();
            while let Some(next) = open.pop() {
                if !std::mem::replace(&mut reached[next], true) {
                    open.extend(&edges[next]);
                }
            }
            reached[step] = false;
            (0..edges.len()).filter(|index| reached[*index]).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ancestors, cycle};

    #[test]
    fn a_cycle_begins_with_its_first_step() {
        assert_eq!(cycle(&[vec![], vec![0], vec![0, 1]]), None);
        assert_eq!(
            cycle(&[vec![], vec![3], vec![1], vec![2, 0]]),
            Some(vec![1, 3, 2])
        );
        assert_eq!(cycle(&[vec![0]]), Some(vec![0]));
    }

    #[test]
    fn ancestors_are_reached_through_others() {
        assert_eq!(
            ancestors(&[vec![], vec![0], vec![], vec![1, 2]]),
            [vec![], vec![0], vec![], vec![0, 1, 2]]
        );
        assert_eq!(ancestors(&[vec![1], vec![0]]), [vec![1], vec![0]]);
    }
}
