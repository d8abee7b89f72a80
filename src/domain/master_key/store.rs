//! The SQL of nodes.

use diesel::prelude::*;

use super::Node;
use crate::base::clock::Timestamp;
use crate::base::error::Result;
use crate::db::schema::nodes;
use crate::db::{Connection, Transaction};

pub(super) fn replace_node(tx: &mut Transaction<'_>, node: &Node) -> Result<()> {
    delete_node(tx, &node.id)?;
    diesel::insert_into(nodes::table)
        .values((
            nodes::id.eq(&node.id),
            nodes::name.eq(&node.name),
            nodes::master_keys.eq(&node.master_keys),
            nodes::seen_at.eq(node.seen_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

pub(super) fn delete_node(tx: &mut Transaction<'_>, id: &str) -> Result<()> {
    diesel::delete(nodes::table.find(id)).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn forget_nodes_before(tx: &mut Transaction<'_>, time: Timestamp) -> Result<()> {
    diesel::delete(nodes::table.filter(nodes::seen_at.lt(time))).execute(&mut **tx)?;
    Ok(())
}

pub(super) fn nodes_since(connection: &mut Connection, time: Timestamp) -> Result<Vec<Node>> {
    let live = nodes::table.filter(nodes::seen_at.ge(time)).order(nodes::name);
    let columns = (nodes::id, nodes::name, nodes::master_keys, nodes::seen_at);
    let rows: Vec<(String, String, String, Timestamp)> = live.select(columns).load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(id, name, master_keys, seen_at)| Node { id, name, master_keys, seen_at })
        .collect())
}
